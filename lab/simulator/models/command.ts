import { groupOf } from "../../proxmox/cluster";
import { derive } from "../../world";
import type { Model, PackageModels } from "../model";
import { textAt } from "../values";

// command 1.2.1. Nothing is run: that is said where the output of the command would be.

const said = "simulated: the command was not run";

const run: Model = {
  replaceOn: ["triggers"],
  computed: ["stdout", "stderr"],
  volatile: ["stdout", "stderr"],
  id: (subject) =>
    `simulated${derive(subject.salt, "command", subject.urn, JSON.stringify(subject.inputs["triggers"] ?? null)).slice(0, 16)}`,
  state: ({ inputs }) => ({ stdout: [said, ...cardsOf(textAt(inputs, "create"))].join("\n"), stderr: "" }),
};

/** What the preparation of a Proxmox host would print of its cards, which are where the lab's hosts have them. */
function cardsOf(command: string): string[] {
  const [, slots] = /^bash -s -- (?:apply|check) .*--slots (\S+)/.exec(command) ?? [];
  return (slots?.split(",") ?? []).map((slot) => `passthrough: card ${slot} iommugroup=${groupOf(slot)}`);
}

/** The connection holds the key or password, so the SDK makes all of it secret. */
const remote: Model = { ...run, secret: ["connection"] };

const copy: Model = { replaceOn: ["triggers"], secret: ["connection"] };

const resources = new Map<string, Model>([
  ["command:local:Command", run],
  ["command:remote:Command", remote],
  ["command:remote:CopyToRemote", copy],
  ["command:remote:CopyFile", copy],
]);

export const command: PackageModels = {
  resource: (type) => resources.get(type),
  invokes: new Map([
    ["command:local:run", (args) => ({ ...args, command: textAt(args, "command"), stdout: said, stderr: "" })],
  ]),
};
