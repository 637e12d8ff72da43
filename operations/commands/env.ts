import { dirname } from "node:path";
import { labEnvironment, quote } from "../../lab/launch";
import type { Command } from "../cli/context";
import { exit } from "../cli/exit";
import { openSession, type Session } from "../cli/session";

/** Prints what a shell has to be told so that plain `pulumi` works on the stack: `eval "$(make env)"`. */
export const env: Command = {
  name: "env",
  summary: 'print the environment for plain pulumi in this checkout: eval "$(make env)"',
  async run(context) {
    const session = await openSession(context);
    exportLines(session, context.stack).forEach(context.print);
    context.say(`Plain pulumi now works on stack ${context.stack}, LAB=${context.world}.`);
    return exit.ok;
  },
};

function exportLines({ lab, env: engine }: Session, stack: string): string[] {
  if (lab === undefined) return [`export PATH=${quote(engine["PATH"] ?? "")}`, `export PULUMI_STACK=${quote(stack)}`];
  // The wrapper in bin would do; these are for programs that call the engine themselves (Automation API).
  return [
    "unset PULUMI_CONFIG_PASSPHRASE PULUMI_ACCESS_TOKEN",
    ...Object.entries(labEnvironment(lab)).map(([name, value]) => `export ${name}=${quote(value)}`),
    `export PATH=${quote(lab.bin)}:${quote(dirname(process.execPath))}:"$PATH"`,
  ];
}
