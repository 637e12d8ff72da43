import type { Command } from "../cli/context";
import { requireReadiness } from "../cli/ready";
import { openSession, policyPacks, runEngine, worldLine } from "../cli/session";
import { requireFreeIds } from "../cli/takenVms";

/** Shows what `up` would do, and holds it against the policies. */
export const preview: Command = {
  name: "preview",
  summary: "show what up would change, and check it against the policies",
  async run(context) {
    requireReadiness(context);
    context.print(worldLine(context));
    const session = await openSession(context);
    await requireFreeIds(context, session);
    const { code } = await runEngine(context, session, [
      "preview",
      "--suppress-outputs",
      "--suppress-progress",
      ...policyPacks(context),
    ]);
    return code;
  },
};
