import { isDeepStrictEqual } from "node:util";
import { type EngineEvent, label, type ResourceState } from "./events";

/** A resource that is not as it was applied. */
export interface Drift {
  readonly resource: string;
  readonly kind: "changed" | "missing";
  /** Paths of the properties that differ, without their values. */
  readonly properties: readonly string[];
}

/** Signature key of special values in Pulumi's JSON (sdk/go/common/resource/sig): a secret is a leaf. */
const signature = "4dabf18193072939515e22adb298388d";

/** What a refresh has found, from its engine events, by name. Values are left out: they may be secret. */
export function findDrift(events: readonly EngineEvent[]): Drift[] {
  return events
    .flatMap(({ resOutputsEvent }): Drift[] => {
      if (resOutputsEvent === undefined) return [];
      const { op, urn, old, new: found } = resOutputsEvent.metadata;
      if (op === "delete") return [{ resource: label(urn), kind: "missing", properties: [] }];
      if (op !== "update") return [];
      // Components and providers are reported as updated, too, although nothing about them differs.
      const properties = changedPaths(old ?? {}, found ?? {});
      return properties.length === 0 ? [] : [{ resource: label(urn), kind: "changed", properties }];
    })
    .sort((a, b) => a.resource.localeCompare(b.resource));
}

function changedPaths(old: ResourceState, found: ResourceState): string[] {
  const outputs = differences(old.outputs ?? {}, found.outputs ?? {}, "");
  return outputs.length > 0 ? outputs : differences(old.inputs ?? {}, found.inputs ?? {}, "");
}

function differences(old: unknown, found: unknown, path: string): string[] {
  if (isDeepStrictEqual(old, found)) return [];
  if (!isTable(old) || !isTable(found) || Array.isArray(old) !== Array.isArray(found)) return [path];
  if (signature in old || signature in found) return [path];
  const [before, after] = [new Map(Object.entries(old)), new Map(Object.entries(found))];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const step = Array.isArray(old) ? `[${key}]` : path === "" ? key : `.${key}`;
    return differences(before.get(key), after.get(key), `${path}${step}`);
  });
}

function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The one line a drift run ends with. */
export function driftLine(drifts: readonly Drift[], stack: string): string {
  const parts = drifts.map(({ resource, kind, properties }) =>
    kind === "missing" ? `${resource} is gone` : `${resource} (${properties.join(", ")})`,
  );
  const count = drifts.length === 1 ? "1 resource" : `${String(drifts.length)} resources`;
  return `Drift in stack ${stack}: ${count}: ${parts.join("; ")}`;
}
