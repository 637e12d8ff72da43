import { loadStack } from "../../stacks";
import { requiredSecrets } from "../../stacks/dials";
import type { Context } from "./context";
import { CommandError, exit } from "./exit";
import { findLacks, lacksMessage, observe } from "./readiness";

/**
 * Refuses to work in the real world while something is missing there; in a lab nothing ever is.
 *
 * @throws CommandError (code 2) that lists all that is missing
 */
export function requireReadiness(context: Context): void {
  if (context.world !== "none") return;
  const { root, stack } = context;
  const estate = loadStack(stack);
  const lacks = findLacks(stack, estate, requiredSecrets(estate), observe(root, stack, process.env));
  if (lacks.length > 0) throw new CommandError(lacksMessage(stack, lacks), exit.usage);
}

/**
 * Refuses to change the real world when nobody can be asked.
 *
 * @throws CommandError (code 2)
 */
export function requireConsent({ world, yes, stack }: Context): void {
  if (world !== "none" || yes || process.stdin.isTTY) return;
  throw new CommandError(
    `Changing the real world of stack ${stack} asks for confirmation, and this is no terminal. YES=1 goes ahead without asking.`,
    exit.usage,
  );
}
