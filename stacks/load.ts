import { checkAddresses } from "./checks/addresses";
import { checkBundles } from "./checks/bundles";
import { checkClusters } from "./checks/clusters";
import { checkExposure } from "./checks/exposure";
import { checkGpuCapacity, checkGpus } from "./checks/gpus";
import { checkRanges } from "./checks/ranges";
import { checkReferences } from "./checks/references";
import { checkControl } from "./checks/control";
import { checkRoles } from "./checks/roles";
import { checkTailnet } from "./checks/tailnet";
import { checkTailnetReach } from "./checks/tailnetReach";
import { complete } from "./complete";
import type { Estate } from "./estate";
import { type Problem, SpecError } from "./problems";
import { readShape } from "./shape";

const checks = [
  checkReferences,
  checkAddresses,
  checkRanges,
  checkGpus,
  checkGpuCapacity,
  checkTailnet,
  checkControl,
  checkTailnetReach,
  checkExposure,
  checkClusters,
  checkBundles,
  checkRoles,
];

/**
 * Turns a spec, as it is written in stacks/, into a validated, complete and frozen estate.
 *
 * @param input the spec, unknown until it is checked
 * @param source how messages call it, for example `The spec of stack "prod"`
 * @throws SpecError with every problem at once, those of its shape and those of its meaning
 */
export function loadEstate(input: unknown, source = "The spec"): Estate {
  const { problems, shape, leftOut } = readShape(input);
  if (shape === undefined) throw new SpecError(source, problems);
  const estate = complete(shape);
  const further = checks.flatMap((check) => check(estate)).filter((problem) => !isConsequence(problem, leftOut));
  const all = [...problems, ...further];
  if (all.length > 0) throw new SpecError(source, all);
  return freeze(estate);
}

/** Whether a problem may be there only because a part of the spec was left out for a mistake that is already reported. */
function isConsequence({ path, about = [] }: Problem, leftOut: readonly string[]): boolean {
  return leftOut.some(
    (part) => isWithin(path, part) || about.some((place) => isWithin(place, part) || isWithin(part, place)),
  );
}

function isWithin(path: string, part: string): boolean {
  return path === part || path.startsWith(`${part}.`);
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
