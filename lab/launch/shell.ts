/** A word as a POSIX shell reads it back, whatever is in it. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

export function words(list: readonly string[]): string {
  return list.map(quote).join(" ");
}
