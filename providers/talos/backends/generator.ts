import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";

import { clientConfiguration, type ClientConfiguration } from "../talosconfig";

import type { Bundle, MachineSpec } from "./api";
import { SecretFolder } from "./secretFiles";
import type { Talosctl } from "./talosctl";

const talosconfig = z.object({ context: z.string(), contexts: z.record(z.string(), clientConfiguration) });

/** What talosctl makes without asking any node. */
export class Generator {
  constructor(private readonly talosctl: Talosctl) {}

  secrets(contract: string): Promise<Bundle> {
    return SecretFolder.during(async (folder) => {
      const file = folder.path("secrets.yaml");
      const args = ["gen", "secrets", "--talos-version", `v${contract}`, "--output-file", file];
      await this.talosctl.run("generating the secrets", args);
      return { machineSecrets: await readFile(file, "utf8"), clientConfiguration: await this.clientOf(file) };
    });
  }

  /** A client that the authority in the secrets signs: it needs no node, nor a client that is still let in. */
  client(machineSecrets: string): Promise<ClientConfiguration> {
    return SecretFolder.during(async (folder) => this.clientOf(await folder.write("secrets.yaml", machineSecrets)));
  }

  config(machine: MachineSpec): Promise<string> {
    return SecretFolder.during(async (folder) => {
      const secrets = await folder.write("secrets.yaml", machine.secrets);
      const patches: string[] = [];
      for (const [index, patch] of machine.patches.entries()) {
        const text = typeof patch === "string" ? patch : JSON.stringify(patch);
        patches.push("--config-patch", `@${await folder.write(`patch-${index}.yaml`, text)}`);
      }
      return this.talosctl.run(`generating the configuration of ${machine.node}`, [
        ...["gen", "config", machine.clusterName, machine.clusterEndpoint, "--with-secrets", secrets],
        ...["--output-types", machine.machineType, "--output", "-", "--with-docs=false", "--with-examples=false"],
        ...["--talos-version", `v${machine.contract}`, "--kubernetes-version", machine.kubernetesVersion],
        ...["--install-image", machine.image, ...patches],
      ]);
    });
  }

  private async clientOf(secretsFile: string): Promise<ClientConfiguration> {
    const to = ["--output-types", "talosconfig", "--output", "-"];
    const args = ["gen", "config", "estate", "https://127.0.0.1:6443", "--with-secrets", secretsFile, ...to];
    const text = await this.talosctl.run("generating the talosconfig", args);
    const { context, contexts } = talosconfig.parse(parse(text));
    const client = contexts[context];
    if (client === undefined) throw new Error("generating the talosconfig: talosctl wrote one without its own context");
    return client;
  }
}
