/** Where a property is: names of map entries and indices of lists. */
export type Path = readonly (string | number)[];

/** The path as the engine writes it: `spec.ports[0]["app.kubernetes.io/name"]`. */
export function printPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      if (!/^[A-Za-z_$][\w$]*$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join("");
}

/** Reads a path or a pattern: `disks[*].interface`, `metadata.labels["app"]`; `*` stands for one part. */
export function parsePath(text: string): (string | number)[] {
  const parts: (string | number)[] = [];
  for (const match of text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\[(\*)\]|([^.[\]]+)/g)) {
    const [, quoted, index, star, name] = match;
    if (quoted !== undefined) parts.push(quoted.replace(/\\(.)/g, "$1"));
    else if (index !== undefined) parts.push(Number(index));
    else parts.push(star ?? name ?? "");
  }
  return parts;
}

/** Whether one of the two contains the other: a change of `spec` touches `spec.selector`, and the other way round. */
export function touches(path: Path, pattern: Path): boolean {
  return pattern.every((part, index) => index >= path.length || part === "*" || part === path[index]);
}

/** Whether the path is the pattern or below it. */
export function within(path: Path, pattern: Path): boolean {
  return path.length >= pattern.length && touches(path, pattern);
}
