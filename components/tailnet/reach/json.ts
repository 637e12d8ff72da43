import type { AccessItem } from "./access";
import type { Matrix, MatrixGroup } from "./matrix";
import { wordsFor } from "./principals";
import { sayPorts } from "./say";

/**
 * The matrix as JSON, for programs. Stable: fields are only ever added. Cells name groups by their place in `sources` and
 * `destinations`; pairs without a cell reach nothing. A cell with `ownUser` holds for devices of one user instead of the
 * cell without.
 */
export interface MatrixJson {
  readonly version: 1;
  readonly sources: readonly GroupJson[];
  readonly destinations: readonly GroupJson[];
  readonly cells: readonly CellJson[];
}

export interface GroupJson {
  readonly kind: MatrixGroup["kind"];
  /** In the words of the policy: "tag:docker". */
  readonly label: string;
  readonly names: readonly string[];
}

export interface CellJson {
  readonly from: number;
  readonly to: number;
  readonly ownUser?: true;
  readonly access: readonly ItemJson[];
}

export interface ItemJson {
  readonly protocols: readonly string[];
  /** "22,8000-8010" or "*" */
  readonly ports: string;
  readonly rules: readonly string[];
}

export function toJson(matrix: Matrix): MatrixJson {
  const { sources, destinations, cells, own, accesses } = matrix;
  const group = ({ kind, names }: MatrixGroup): GroupJson => ({
    kind,
    label: wordsFor(names, matrix).join(", "),
    names,
  });
  const items = (id: number) => (accesses[id] ?? []).map(item);
  const all = sources.flatMap((_, from) =>
    destinations.flatMap((__, to): CellJson[] => {
      const at = from * destinations.length + to;
      const [plain = 0, ofOwn = 0] = [cells[at], own?.[at] ?? cells[at]];
      return [
        ...(plain === 0 ? [] : [{ from, to, access: items(plain) }]),
        ...(ofOwn === plain ? [] : [{ from, to, ownUser: true as const, access: items(ofOwn) }]),
      ];
    }),
  );
  return { version: 1, sources: sources.map(group), destinations: destinations.map(group), cells: all };
}

function item({ protocols, ports, rules }: AccessItem): ItemJson {
  return { protocols, ports: sayPorts(ports), rules };
}
