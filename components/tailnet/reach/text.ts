import type { Access } from "./access";
import { gainsOf } from "./difference";
import type { Matrix, MatrixGroup } from "./matrix";
import { wordsFor } from "./principals";
import { sayItem, type ServiceNames } from "./say";

export interface TextOptions {
  /** What people call ports: "tcp/6333" to "qdrant". @default none */
  readonly services?: ServiceNames;
}

/** One line of a matrix for people: who may open what where, and by which rules. */
export interface ReachLine {
  readonly from: string;
  readonly to: string;
  /** "tcp/22" */
  readonly ports: string;
  readonly rules: readonly string[];
}

/** A table in Markdown: one row per source, one column per destination, ports in the cells. */
export function toMarkdown(matrix: Matrix, options: TextOptions = {}): string {
  const lines = linesOf(matrix, options);
  if (lines.length === 0) return "Nobody reaches anything.\n";
  const columns = [...new Set(lines.map(({ to }) => to))];
  const rows = [...new Set(lines.map(({ from }) => from))];
  const cell = (from: string, to: string) =>
    lines
      .filter((line) => line.from === from && line.to === to)
      .map(({ ports }) => ports.replaceAll("*", "\\*"))
      .join("<br>");
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    row(["from \\ to", ...columns]),
    row(["---", ...columns.map(() => "---")]),
    ...rows.map((from) => row([from, ...columns.map((to) => cell(from, to))])),
    "",
  ].join("\n");
}

/** One line per source, destination and ports, in columns, with the rules. */
export function toText(matrix: Matrix, options: TextOptions = {}): string {
  const lines = linesOf(matrix, options);
  if (lines.length === 0) return "Nobody reaches anything.\n";
  const table = [
    ["FROM", "TO", "PORTS", "RULES"],
    ...lines.map(({ from, to, ports, rules }) => [from, to, ports, rules.join(", ")]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => (row[column] ?? "").length)));
  return table
    .map(
      (row) =>
        `${row
          .map((text, column) => text.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** The matrix line by line, in the words of the policy, sorted. */
export function linesOf(matrix: Matrix, { services }: TextOptions = {}): ReachLine[] {
  const { sources, destinations, cells, own, accesses } = matrix;
  const words = ({ names }: MatrixGroup) => wordsFor(names, matrix).join(", ");
  const [from, to] = [sources.map(words), destinations.map(words)];
  const lines: ReachLine[] = [];
  const add = (row: number, target: string, access: Access) => {
    for (const item of access)
      lines.push({ from: from[row] ?? "", to: target, ports: sayItem(item, services), rules: item.rules });
  };
  for (const [row, source] of sources.entries()) {
    for (const [column, target] of destinations.entries()) {
      const at = row * destinations.length + column;
      const isItself = source.names.length === 1 && target.names.length === 1 && source.names[0] === target.names[0];
      if (!isItself) add(row, to[column] ?? "", accesses[cells[at] ?? 0] ?? []);
    }
    if (own !== undefined)
      ownAccesses(matrix, row).forEach((access) => {
        add(row, "own devices", access);
      });
  }
  return unique(lines);
}

/** What rules about devices of one's own add to what a source reaches anyway. */
function ownAccesses({ destinations, own = new Uint32Array(), cells, accesses }: Matrix, row: number): Access[] {
  const added = destinations.flatMap((_, column) => {
    const at = row * destinations.length + column;
    if (own[at] === cells[at]) return [];
    return [gainsOf(accesses[own[at] ?? 0] ?? [], accesses[cells[at] ?? 0] ?? [])];
  });
  return [...new Set(added)];
}

function unique(lines: readonly ReachLine[]): ReachLine[] {
  const key = ({ from, to, ports, rules }: ReachLine) => [from, to, ports, ...rules].join("\n");
  const byKey = new Map(lines.map((line) => [key(line), line]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}
