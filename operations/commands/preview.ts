import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../cli/context";
import { requireReadiness } from "../cli/ready";
import { openSession, runEngine, worldLine } from "../cli/session";

/** Shows what `up` would do, and holds it against the policies. */
export const preview: Command = {
  name: "preview",
  summary: "show what up would change, and check it against the policies",
  async run(context) {
    requireReadiness(context);
    context.print(worldLine(context));
    const session = await openSession(context);
    const policies = join(context.root, "policies");
    const packs = existsSync(join(policies, "PulumiPolicy.yaml")) ? ["--policy-pack", policies] : [];
    const { code } = await runEngine(context, session, [
      "preview",
      "--suppress-outputs",
      "--suppress-progress",
      ...packs,
    ]);
    return code;
  },
};
