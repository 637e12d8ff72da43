import { canonicalProtocol, ICMP, protocolName, protocolNumber } from "../policy/protocol";
import type { Access } from "./access";
import type { Matrix } from "./matrix";

/** What a node or network may open at another, by their names in the matrix. Empty when there is none of that name. */
export function accessBetween(matrix: Matrix, source: string, destination: string): Access {
  const row = matrix.sources.findIndex(({ names }) => names.includes(source));
  const column = matrix.destinations.findIndex(({ names }) => names.includes(destination));
  if (row === -1 || column === -1) return [];
  const cells = sameUser(matrix, source, destination) ? (matrix.own ?? matrix.cells) : matrix.cells;
  return matrix.accesses[cells[row * matrix.destinations.length + column] ?? 0] ?? [];
}

/** Whether an access lets one connection through, and the rules that do. */
export function rulesFor(access: Access, port: number, protocol: string | number = "tcp"): readonly string[] {
  const number = protocolNumber(canonicalProtocol(String(protocol)));
  if (number === undefined) return [];
  if (ICMP.includes(number)) return [...new Set(access.flatMap(({ rules }) => rules))];
  const fitting = access.filter(
    ({ protocols, ports }) =>
      protocols.includes(protocolName(number)) && ports.some(([first, last]) => first <= port && port <= last),
  );
  return [...new Set(fitting.flatMap(({ rules }) => rules))];
}

function sameUser({ owners }: Matrix, source: string, destination: string): boolean {
  const owner = owners.get(source);
  return owner !== undefined && owner === owners.get(destination);
}
