import { userCache } from "../lab/launch";
import { ToolError } from "../lab/tools";
import { specs } from "../stacks";
import { SpecError } from "../stacks/problems";
import { CommandError, exit } from "./cli/exit";
import { readRequest } from "./cli/request";
import { commands } from "./commands";

/** The command that make's targets call: `estate <command> [--stack S] [--lab L] [--yes 1]`. */
async function main(args: readonly string[]): Promise<number> {
  const request = readRequest(args, Object.keys(specs));
  const command = commands.find(({ name }) => name === request.command);
  if (command === undefined) {
    const names = commands.map(({ name }) => name).join(", ");
    throw new CommandError(`There is no command "${request.command}". Commands: ${names}`, exit.usage);
  }
  return command.run({
    ...request,
    // Not where this file is: in a checkout made of links that would be another one.
    root: process.cwd(),
    cache: userCache(),
    print: (text) => process.stdout.write(`${text}\n`),
    say: (text) => process.stderr.write(`${text}\n`),
  });
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const expected = error instanceof CommandError || error instanceof ToolError || error instanceof SpecError;
    const text = expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = error instanceof CommandError ? error.code : exit.failed;
  },
);
