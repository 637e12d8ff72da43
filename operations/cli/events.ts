import { readFileSync } from "node:fs";
import { z } from "zod";

const state = z.object({
  custom: z.boolean().optional(),
  protect: z.boolean().optional(),
  inputs: z.record(z.string(), z.unknown()).nullish(),
  outputs: z.record(z.string(), z.unknown()).nullish(),
});
const metadata = z.object({ op: z.string(), urn: z.string(), old: state.nullish(), new: state.nullish() });
const step = z.object({ metadata, planning: z.boolean().optional() });
const summary = z.object({
  resourceChanges: z.record(z.string(), z.number()).nullish(),
  isPreview: z.boolean().optional(),
});
/** The parts of Pulumi's engine events (sdk/go/common/apitype/events.go) that the commands read. */
const event = z.object({
  resourcePreEvent: step.optional(),
  resOutputsEvent: step.optional(),
  summaryEvent: summary.optional(),
});

export type EngineEvent = z.infer<typeof event>;
export type ResourceState = z.infer<typeof state>;
export type StepMetadata = z.infer<typeof metadata>;

/** Reads what `pulumi --event-log` has written; a last line cut off by a kill is left out. */
export function readEvents(file: string): EngineEvent[] {
  const text = readFileSync(file, "utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => event.parse(JSON.parse(line)));
}

/** The parts of a resource's URN that people know it by. */
export interface ResourceName {
  /** Types from the outermost parent to the resource itself. */
  readonly types: readonly string[];
  readonly name: string;
}

/** Takes `urn:pulumi:stack::project::parent$type::name` apart. */
export function readUrn(urn: string): ResourceName {
  const [, , types = "", ...name] = urn.split("::");
  return { types: types.split("$"), name: name.join("::") };
}

/** A resource as a message calls it: `proxmoxve:vm/legacy:VmLegacy "docker"`. */
export function label(urn: string): string {
  const { types, name } = readUrn(urn);
  return `${types.at(-1) ?? ""} "${name}"`;
}
