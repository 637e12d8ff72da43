import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freeTcpPort } from "../../../../lab/control/ports";
import { startTalosMachines, type TalosMachines } from "../../../../lab/control/talos";
import { toolPath, until } from "./talos";

/** What talosctl did: it may well fail. */
export interface Said {
  readonly code: number;
  /** All it printed. */
  readonly text: string;
}

/** A machine of an operator's cluster: nobody reaches its address, but its API answers on a port of loopback. */
export interface Member {
  readonly address: string;
  readonly endpoint: string;
}

/** Someone with the real talosctl and a cluster that is reached through other addresses than its machines have, as a lab's is. */
export class Operator {
  private constructor(
    readonly folder: string,
    private readonly talosctl: string,
    readonly members: Readonly<Record<string, Member>>,
  ) {}

  /** Generates a cluster's configurations: of control planes and workers by name. */
  static async create(folder: string, controlPlanes: readonly string[], workers: readonly string[]): Promise<Operator> {
    const members: Record<string, Member> = {};
    for (const [index, name] of [...controlPlanes, ...workers].entries())
      members[name] = { address: `192.0.2.${11 + index}`, endpoint: `127.0.0.1:${await freeTcpPort()}` };
    const operator = new Operator(folder, await toolPath("talosctl"), members);
    await operator.generate(controlPlanes, workers);
    return operator;
  }

  private async generate(controlPlanes: readonly string[], workers: readonly string[]): Promise<void> {
    const secrets = join(this.folder, "secrets.yaml");
    await this.must("gen", "secrets", "--output-file", secrets);
    const versions = ["--talos-version", "v1.12.0", "--kubernetes-version", "1.34.3"];
    const plain = ["--with-secrets", secrets, "--with-docs=false", "--with-examples=false", ...versions];
    const generate = (type: string, file: string, ...rest: string[]) =>
      this.must(
        "gen",
        "config",
        "core",
        "https://192.0.2.11:6443",
        ...plain,
        "--output-types",
        type,
        "--output",
        file,
        ...rest,
      );
    await generate("talosconfig", this.talosconfig);
    for (const name of [...controlPlanes, ...workers]) {
      const patch = JSON.stringify({ apiVersion: "v1alpha1", kind: "HostnameConfig", hostname: name, auto: "off" });
      const type = workers.includes(name) ? "worker" : "controlplane";
      await generate(type, this.configFile(name), "--config-patch", patch);
    }
  }

  get talosconfig(): string {
    return join(this.folder, "talosconfig");
  }

  configFile(name: string): string {
    return join(this.folder, `${name}.yaml`);
  }

  member(name: string): Member {
    const found = this.members[name];
    if (found === undefined) throw new Error(`there is no machine ${name}`);
    return found;
  }

  /** Runs talosctl without access to anything. */
  run(...args: readonly string[]): Promise<Said> {
    return new Promise((resolve) => {
      execFile(this.talosctl, [...args], { timeout: 180_000 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, text: stdout + stderr });
      });
    });
  }

  async must(...args: readonly string[]): Promise<string> {
    const { code, text } = await this.run(...args);
    if (code !== 0) throw new Error(`talosctl ${args.join(" ")}: ${text}`);
    return text;
  }

  /** Runs talosctl for machines, through the endpoint of the first or of another. */
  on(names: readonly string[], args: readonly string[], through = names[0] ?? ""): Promise<Said> {
    const nodes = names.map((name) => this.member(name).address).join(",");
    const at = ["--nodes", nodes, "--endpoints", this.member(through).endpoint];
    return this.run(...args, "--talosconfig", this.talosconfig, ...at);
  }

  /** Gives machines in maintenance mode their configurations, bootstraps the first, and waits until all are ready. */
  async settle(machines: TalosMachines): Promise<void> {
    await until(machines, (view) => view.machines.every(({ phase }) => phase === "maintenance"));
    const names = Object.keys(this.members);
    for (const name of names)
      await this.must(
        "apply-config",
        "--insecure",
        "--nodes",
        this.member(name).endpoint,
        "--file",
        this.configFile(name),
      );
    await until(machines, (view) => view.machines.some(({ phase }) => phase === "running"));
    const { code, text } = await this.on(names.slice(0, 1), ["bootstrap"]);
    if (code !== 0) throw new Error(text);
    await until(machines, (view) => view.machines.every(({ ready }) => ready));
  }

  async start(directory: string): Promise<TalosMachines> {
    const binary = await toolPath("talos-machine");
    const machines = Object.values(this.members).map(({ address, endpoint }) => ({ address, listen: endpoint }));
    return startTalosMachines({ binary, directory, machines, boot: 200, settle: 50 });
  }
}

/** A change of a configuration that talosctl generated. */
export function editFile(file: string, change: (text: string) => string): string {
  const edited = `${file}.edited`;
  writeFileSync(edited, change(readFileSync(file, "utf8")), { mode: 0o600 });
  return edited;
}
