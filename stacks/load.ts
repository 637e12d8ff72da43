import { checkAddresses } from "./checks/addresses";
import { checkClusters } from "./checks/clusters";
import { checkExposure } from "./checks/exposure";
import { checkGpuCapacity, checkGpuSharing } from "./checks/gpus";
import { checkReferences } from "./checks/references";
import { checkTailnet } from "./checks/tailnet";
import { complete } from "./complete";
import type { Estate } from "./estate";
import { type Problem, SpecError } from "./problems";
import { readShape } from "./shape";

const checks = [checkReferences, checkAddresses, checkGpuSharing, checkTailnet, checkExposure, checkClusters];
/** Checks that add things up: wrong as soon as an entry is left out. */
const totals = [checkGpuCapacity];

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
  const further = [...checks, ...(leftOut.length === 0 ? totals : [])].flatMap((check) => check(estate));
  const all = [...problems, ...further.filter((problem) => !concerns(problem, leftOut))];
  if (all.length > 0) throw new SpecError(source, all);
  return freeze(estate);
}

/** Whether a problem only says that an entry, left out because of its own mistake, is not there. */
function concerns({ path, problem }: Problem, leftOut: readonly string[]): boolean {
  return leftOut.some(
    (name) => path.split(".").includes(name) || problem.includes(`"${name}"`) || problem.includes(`:${name}"`),
  );
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
