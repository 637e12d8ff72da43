import type { Access } from "./access";
import { gainsOf, type Gain } from "./difference";
import type { Matrix, MatrixGroup } from "./matrix";
import { wordsFor } from "./principals";
import { sayItem, sayList } from "./say";

/** One difference between two matrices. */
export interface ReachChange {
  readonly kind: "gained" | "lost";
  /** Names of nodes or networks. */
  readonly sources: readonly string[];
  /** Names of nodes or networks; none for devices of the source's own user. */
  readonly destinations: readonly string[];
  readonly ports: Gain;
  /** "tag:ci can newly reach tag:db on tcp/5432 (acls[4])" */
  readonly text: string;
}

/**
 * The difference of two matrices, in the words of their policies: what can newly be reached, then what no longer can.
 * Rules that moved or changed places while the reach stayed are no difference. A node that is in one matrix only gains or
 * loses all its reach. The order does not depend on that of nodes.
 */
export function compareMatrices(before: Matrix, after: Matrix): ReachChange[] {
  const gained = differences(before, after).map((difference) => change("gained", difference, after));
  const lost = differences(after, before).map((difference) => change("lost", difference, before));
  const inOrder = (changes: ReachChange[]) => changes.sort((a, b) => (a.text < b.text ? -1 : 1));
  return [...inOrder(gained), ...inOrder(lost)];
}

interface Difference {
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly isOwn: boolean;
  readonly gain: Gain;
}

function change(
  kind: ReachChange["kind"],
  { sources, destinations, isOwn, gain }: Difference,
  matrix: Matrix,
): ReachChange {
  const say = (names: readonly string[]) => sayList(wordsFor(names, matrix, gain.rules));
  const what = isOwn ? "their own devices" : say(destinations);
  const verb = kind === "gained" ? "can newly reach" : "can no longer reach";
  const text = `${say(sources)} ${verb} ${what} on ${sayItem(gain)} (${gain.rules.join(", ")})`;
  return { kind, sources, destinations: isOwn ? [] : destinations, ports: gain, text };
}

/** Everything that `next` has and `base` has not. */
function differences(base: Matrix, next: Matrix): Difference[] {
  const rows = pairs(base.sources, next.sources);
  const columns = pairs(base.destinations, next.destinations);
  const accessAt = (matrix: Matrix, cells: Uint32Array, row: number, column: number): Access =>
    row === -1 || column === -1 ? [] : (matrix.accesses[cells[row * matrix.destinations.length + column] ?? 0] ?? []);
  const gains = memoized();
  const collected = new Collected();
  for (const row of rows) {
    for (const column of columns) {
      const old = accessAt(base, base.cells, row.base, column.base);
      const now = accessAt(next, next.cells, row.next, column.next);
      const plain = gains(old, now);
      plain.forEach((gain) => {
        collected.add(row.names, column.names, false, gain);
      });
      if ((base.own ?? next.own) === undefined || !row.ofUsers || !column.ofUsers || !shareUser(next, row, column))
        continue;
      const oldOwn = accessAt(base, base.own ?? base.cells, row.base, column.base);
      const own = gains(oldOwn, accessAt(next, next.own ?? next.cells, row.next, column.next));
      own
        .filter((gain) => !plain.some((other) => isSame(gain, other)))
        .forEach((gain) => {
          collected.add(row.names, column.names, true, gain);
        });
    }
  }
  return collected.differences();
}

interface Pair {
  readonly base: number;
  readonly next: number;
  readonly names: string[];
  readonly ofUsers: boolean;
}

/** Groups of two matrices cut into one: names that stand together in both. */
function pairs(base: readonly MatrixGroup[], next: readonly MatrixGroup[]): Pair[] {
  const rowOf = new Map(base.flatMap(({ names }, row) => names.map((name) => [name, row] as const)));
  const found = new Map<string, Pair>();
  for (const [row, { names, ofUsers }] of next.entries()) {
    for (const name of names) {
      const old = rowOf.get(name) ?? -1;
      const pair = found.get(`${old} ${row}`) ?? { base: old, next: row, names: [], ofUsers };
      pair.names.push(name);
      found.set(`${old} ${row}`, pair);
    }
  }
  return [...found.values()];
}

/** Whether some two different devices of the pair are of one user. */
function shareUser({ owners }: Matrix, row: Pair, column: Pair): boolean {
  return row.names.some((name) =>
    column.names.some((other) => other !== name && owners.get(other) === owners.get(name)),
  );
}

function isSame(one: Gain, other: Gain): boolean {
  return sayItem(one) === sayItem(other);
}

/** Gains of the same two accesses are worked out once: cells share them. */
function memoized(): (old: Access, now: Access) => Gain[] {
  const known = new Map<Access, Map<Access, Gain[]>>();
  return (old, now) => {
    if (now.length === 0 || old === now) return [];
    const byOld = known.get(now) ?? new Map<Access, Gain[]>();
    known.set(now, byOld);
    const gains = byOld.get(old) ?? gainsOf(now, old);
    byOld.set(old, gains);
    return gains;
  };
}

/** Differences put together: equal ones of several sources, and of several destinations, are one. */
class Collected {
  private readonly found = new Map<string, { isOwn: boolean; gain: Gain; bySource: Map<string, Set<string>> }>();

  add(sources: readonly string[], destinations: readonly string[], isOwn: boolean, gain: Gain): void {
    const key = `${sayItem(gain)} ${gain.rules.join()} ${isOwn ? "own" : ""}`;
    const entry = this.found.get(key) ?? { isOwn, gain, bySource: new Map<string, Set<string>>() };
    this.found.set(key, entry);
    for (const source of sources) {
      const targets = entry.bySource.get(source) ?? new Set();
      entry.bySource.set(source, targets);
      destinations.forEach((name) => {
        targets.add(name);
      });
    }
  }

  differences(): Difference[] {
    return [...this.found.values()].flatMap(({ isOwn, gain, bySource }) => {
      const turned = turn(bySource);
      const [straight, across] = [together(bySource, isOwn), together(turned, isOwn)];
      const pairsOf =
        isOwn || straight.length <= across.length ? straight : across.map(([one, other]) => [other, one] as const);
      return pairsOf
        .filter(([sources, destinations]) => isOwn || !isItself(sources, destinations))
        .map(([sources, destinations]): Difference => ({ sources, destinations, isOwn, gain }));
    });
  }
}

/** Keys with equal values, as pairs of lists. */
function together(table: ReadonlyMap<string, ReadonlySet<string>>, isOwn: boolean): (readonly [string[], string[]])[] {
  const found = new Map<string, readonly [string[], string[]]>();
  for (const [key, values] of table) {
    const list = [...values].sort();
    const id = isOwn ? "" : list.join("\n");
    const entry = found.get(id) ?? ([[], list] as const);
    entry[0].push(key);
    found.set(id, entry);
  }
  return [...found.values()].map(([keys, values]) => [keys.sort(), values] as const);
}

function turn(table: ReadonlyMap<string, ReadonlySet<string>>): Map<string, Set<string>> {
  const turned = new Map<string, Set<string>>();
  for (const [key, values] of table) {
    for (const value of values) turned.set(value, (turned.get(value) ?? new Set()).add(key));
  }
  return turned;
}

/** A node that reaches itself is no news. */
function isItself(sources: readonly string[], destinations: readonly string[]): boolean {
  return sources.length === 1 && destinations.length === 1 && sources[0] === destinations[0];
}
