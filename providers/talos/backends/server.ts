import { createHash } from "node:crypto";
import { chmod, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

import { retry, type Patience } from "../../common/retry";
import { clientConfiguration, talosconfigText, type ClientConfiguration } from "../talosconfig";

import type { Applied, Bundle, ClusterSpec, MachineSeen, MachineSpec, Snapshot, SnapshotSpec, TalosApi } from "./api";
import { configHash, describeConfig } from "./machineConfig";
import { SecretFolder } from "./secretFiles";
import { isUnreachable, TalosctlError, type Talosctl } from "./talosctl";

const talosconfig = z.object({ context: z.string(), contexts: z.record(z.string(), clientConfiguration) });
const noSuchFile = z.object({ code: z.literal("ENOENT") });
/** A machine that was just started takes minutes until its API answers. */
const booting: Patience = { attempts: 60, pause: 1000, longest: 15_000 };
const minutes = 60_000;

/** Talos nodes through talosctl (1.12): https://docs.siderolabs.com/talos/v1.12/reference/cli */
export class ServerBackend implements TalosApi {
  constructor(
    private readonly talosctl: Talosctl,
    private readonly patience: Patience = booting,
  ) {}

  generate(contract: string): Promise<Bundle> {
    return SecretFolder.during(async (folder) => {
      const secrets = folder.path("secrets.yaml");
      await this.talosctl.run("generating the secrets", [
        "gen",
        "secrets",
        "--talos-version",
        `v${contract}`,
        "--output-file",
        secrets,
      ]);
      const args = [
        "gen",
        "config",
        "estate",
        "https://127.0.0.1:6443",
        "--with-secrets",
        secrets,
        "--output-types",
        "talosconfig",
      ];
      const text = await this.talosctl.run("generating the talosconfig", [...args, "--output", "-"]);
      const { context, contexts } = talosconfig.parse(parse(text));
      const client = contexts[context];
      if (client === undefined)
        throw new Error("generating the talosconfig: talosctl wrote one without its own context");
      return { machineSecrets: await readFile(secrets, "utf8"), clientConfiguration: client };
    });
  }

  apply(machine: MachineSpec, first: boolean): Promise<Applied> {
    const doing = `configuring ${machine.node}`;
    return SecretFolder.during(async (folder) => {
      const config = await this.render(machine, folder);
      const file = await folder.write("machine.yaml", config);
      // Without a talosconfig talosctl connects to the nodes themselves, and heeds no endpoints.
      const target = ["--nodes", machine.endpoint, "--file", file];
      const client = await this.client(machine, folder);
      await this.patiently(async () => {
        try {
          // A machine of the cluster knows the client; one in maintenance mode knows nobody and takes its first configuration.
          await this.talosctl.run(doing, ["apply-config", ...client, "--file", file]);
        } catch (error) {
          if (!first || !(error instanceof TalosctlError) || !isStranger(error.said)) throw error;
          await this.talosctl.run(doing, ["apply-config", "--insecure", ...target]);
        }
      });
      const { installImage } = describeConfig(config);
      return { configHash: configHash(config), image: typeof installImage === "string" ? installImage : machine.image };
    });
  }

  async upgrade(machine: MachineSpec): Promise<void> {
    await SecretFolder.during(async (folder) => {
      const args = ["upgrade", ...(await this.client(machine, folder)), "--image", machine.image, "--wait"];
      await this.talosctl.run(`upgrading ${machine.node} to Talos ${machine.talosVersion}`, args, 30 * minutes);
    });
  }

  async reset(machine: MachineSpec): Promise<void> {
    await SecretFolder.during(async (folder) => {
      const args = ["reset", ...(await this.client(machine, folder)), "--graceful", "--reboot", "--wait"];
      await this.talosctl.run(`resetting ${machine.node}`, args, 15 * minutes);
    });
  }

  machine(machine: MachineSpec): Promise<MachineSeen> {
    return SecretFolder.during(async (folder) => {
      const client = await this.client(machine, folder);
      const ask = ["get", "machineconfig", "v1alpha1", ...client, "--output", "jsonpath={.spec}"];
      const config = await this.talosctl.run(`reading the configuration of ${machine.node}`, ask);
      const version = await this.talosctl.run(`asking ${machine.node} for its version`, ["version", ...client]);
      const tag = /Server:[\s\S]*?Tag:\s+v?(\S+)/.exec(version)?.[1];
      const inputs = { ...describeConfig(config), ...(tag === undefined ? {} : { talosVersion: tag }) };
      return { inputs, configHash: configHash(config) };
    });
  }

  async bootstrap(cluster: ClusterSpec): Promise<void> {
    await SecretFolder.during(async (folder) => {
      const client = await this.client(
        { ...cluster, node: cluster.bootstrapNode, endpoint: cluster.bootstrapNode },
        folder,
      );
      await this.patiently(async () => {
        try {
          await this.talosctl.run(`bootstrapping ${cluster.clusterName}`, ["bootstrap", ...client]);
        } catch (error) {
          // It has been done: by a run that was killed before it could note it down.
          if (!(error instanceof TalosctlError) || !/AlreadyExists|data directory is not empty/i.test(error.said))
            throw error;
        }
      });
    });
  }

  kubeconfig(cluster: ClusterSpec): Promise<string> {
    return SecretFolder.during(async (folder) => {
      const client = await this.client(
        { ...cluster, node: cluster.bootstrapNode, endpoint: cluster.bootstrapNode },
        folder,
      );
      const path = folder.path("kubeconfig");
      const args = ["kubeconfig", path, "--force", "--merge=false", ...client];
      await this.patiently(() => this.talosctl.run(`fetching the kubeconfig of ${cluster.clusterName}`, args));
      return readFile(path, "utf8");
    });
  }

  async takeSnapshot({ node, path, clientConfiguration: client }: SnapshotSpec): Promise<Snapshot> {
    // A snapshot holds every secret of the cluster.
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await SecretFolder.during(async (folder) => {
      const access = await this.client(
        { clusterName: "estate", node, endpoint: node, clientConfiguration: client },
        folder,
      );
      await this.talosctl.run(
        `taking an etcd snapshot of ${node}`,
        ["etcd", "snapshot", path, ...access],
        10 * minutes,
      );
    });
    await chmod(path, 0o600);
    const taken = await this.snapshotAt(path);
    if (taken === undefined) throw new Error(`taking an etcd snapshot of ${node}: talosctl wrote no file ${path}`);
    return taken;
  }

  async snapshotAt(path: string): Promise<Snapshot | undefined> {
    try {
      const content = await readFile(path);
      return { sha256: createHash("sha256").update(content).digest("hex"), size: content.length };
    } catch (error) {
      if (noSuchFile.safeParse(error).success) return undefined;
      throw error;
    }
  }

  record(): Promise<void> {
    return Promise.resolve();
  }

  recorded(): Promise<"not kept"> {
    return Promise.resolve("not kept");
  }

  erase(): Promise<void> {
    return Promise.resolve();
  }

  private async render(machine: MachineSpec, folder: SecretFolder): Promise<string> {
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
  }

  /** The options by which talosctl reaches a node as an administrator. */
  private async client(
    at: { clusterName: string; node: string; endpoint: string; clientConfiguration: ClientConfiguration },
    folder: SecretFolder,
  ): Promise<string[]> {
    const file = await folder.write(
      "talosconfig",
      talosconfigText(at.clusterName, at.clientConfiguration, [at.endpoint], [at.node]),
    );
    return ["--talosconfig", file, "--nodes", at.node, "--endpoints", at.endpoint];
  }

  private patiently<T>(work: () => Promise<T>): Promise<T> {
    return retry(this.patience, (error) => error instanceof TalosctlError && isUnreachable(error.said), work);
  }
}

/** Whether the node has a certificate that this client's authority did not sign: one in maintenance mode signs its own. */
function isStranger(said: string): boolean {
  return /x509|certificate|tls:/i.test(said);
}
