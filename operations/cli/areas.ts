import { type EngineEvent, readUrn } from "./events";

export interface Area {
  readonly name: string;
  readonly resources: number;
}

const gone = new Set([
  "delete",
  "discard",
  "read-discard",
  "delete-replaced",
  "discard-replaced",
  "remove-pending-replace",
]);
/** Where resources are counted that stand in no area: the stack itself, providers, the estate's own component. */
const rest = "the estate itself";

/** How many resources each area of the estate has, by the component they stand in; areas in the order of their names. */
export function countAreas(events: readonly EngineEvent[]): Area[] {
  const urns = new Set(
    events
      .flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? [])
      .filter(({ op }) => !gone.has(op))
      .map(({ urn }) => urn),
  );
  const counts = new Map<string, number>();
  for (const urn of urns) {
    const area = areaOf(urn);
    counts.set(area, (counts.get(area) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, resources]) => ({ name, resources }))
    .sort((a, b) => Number(a.name === rest) - Number(b.name === rest) || a.name.localeCompare(b.name));
}

/** The innermost `estate:<area>:<Type>` that a resource is, or stands in. */
function areaOf(urn: string): string {
  const areas = readUrn(urn).types.flatMap((type) => /^estate:(?!index:)([^:]+):/.exec(type)?.[1] ?? []);
  return areas.at(-1) ?? rest;
}
