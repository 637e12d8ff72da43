// Taken out of the global object once: these run hundreds of thousands of times.
const { clz32 } = Math;

/** A set of small numbers as bits. */
export class Bits {
  readonly words: Uint32Array;

  constructor(size: number) {
    this.words = new Uint32Array(Math.ceil(size / 32));
  }

  add(index: number): void {
    const word = index >>> 5;
    this.words[word] = (this.words[word] ?? 0) | (1 << (index & 31));
  }

  addAll(other: Bits): void {
    for (let word = 0; word < this.words.length; word += 1) {
      this.words[word] = (this.words[word] ?? 0) | (other.words[word] ?? 0);
    }
  }

  /** The same for equal sets. */
  key(): string {
    return this.words.join();
  }

  /** The numbers in it, ascending. */
  indexes(): number[] {
    return indexesOf(this.words);
  }
}

/** Numbers of the bits that are set, ascending. */
export function indexesOf(words: Uint32Array): number[] {
  const found: number[] = [];
  for (let index = 0; index < words.length; index += 1) {
    for (let rest = words[index] ?? 0; rest !== 0; rest &= rest - 1) {
      found.push(index * 32 + 31 - clz32(rest & -rest));
    }
  }
  return found;
}
