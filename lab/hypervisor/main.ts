// The full lab's hosts: what runs here stays when the command that started it has ended.
import { writeFileSync } from "node:fs";
import { Hypervisor } from "./hypervisor";
import { hypervisorFiles, readPlan } from "./plan";

const [directory = ""] = process.argv.slice(2);
const say = (line: string): void => {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
};

async function main(): Promise<void> {
  const hypervisor = new Hypervisor(directory, readPlan(directory), say);
  await hypervisor.start();
  writeFileSync(hypervisorFiles(directory).ready, "");
  process.once("SIGTERM", () => {
    void hypervisor.stop().finally(() => process.exit(0));
  });
}

main().catch((error: unknown) => {
  say(`cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
