import type { PortRange } from "../policy/ports";

/** Ports of protocols, by number, and the rules that open them, in the order of the policy. */
export interface Opening {
  readonly protocols: readonly number[];
  readonly ports: readonly PortRange[];
  readonly rules: readonly string[];
}

/** Where ports of an opening begin (1) and where they have ended (-1). */
type Edge = readonly [port: number, opening: number, step: 1 | -1];

/** Openings that overlap, cut so that no two of the same protocol do: each has all the rules of its ports. */
export function segmentsOf(openings: readonly Opening[], order: readonly string[]): Opening[] {
  const edges = new Map<number, Edge[]>();
  for (const [index, { protocols, ports }] of openings.entries()) {
    for (const protocol of protocols) {
      const own = edges.get(protocol) ?? [];
      edges.set(protocol, own);
      for (const [first, last] of ports) own.push([first, index, 1], [last + 1, index, -1]);
    }
  }
  const ranks = new Map([...order].reverse().map((rule, rank) => [rule, -rank]));
  return [...edges].flatMap(([protocol, list]) =>
    cut(list).map(({ range, open }): Opening => {
      const rules = [...new Set(open.flatMap((index) => openings[index]?.rules ?? []))];
      return {
        protocols: [protocol],
        ports: [range],
        rules: rules.sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0)),
      };
    }),
  );
}

/** Walks from port to port where something begins or ends. */
function cut(edges: Edge[]): { range: PortRange; open: number[] }[] {
  const found: { range: PortRange; open: number[] }[] = [];
  const open = new Set<number>();
  let from = 0;
  for (const [port, opening, step] of edges.sort((a, b) => a[0] - b[0] || a[2] - b[2])) {
    if (port > from && open.size > 0) found.push({ range: [from, port - 1], open: [...open] });
    from = port;
    if (step === 1) open.add(opening);
    else open.delete(opening);
  }
  return found;
}
