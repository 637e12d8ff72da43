import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { capture } from "../../../lab/control/daemon";
import type { KubernetesTools } from "../../../lab/kubernetes";
import { userCache } from "../../../lab/launch/environment";
import { obtainTool, pins } from "../../../lab/tools";

const root = resolve(__dirname, "../../..");

/** The binary of a tool. The first use builds it, which takes minutes. */
export async function toolPath(name: keyof typeof pins): Promise<string> {
  return (await obtainTool({ root, cache: userCache(), pin: pins[name], say: () => undefined })).path;
}

export async function kubernetesTools(): Promise<KubernetesTools> {
  return {
    etcd: await toolPath("etcd"),
    "kube-apiserver": await toolPath("kube-apiserver"),
    "kube-controller-manager": await toolPath("kube-controller-manager"),
    "kube-scheduler": await toolPath("kube-scheduler"),
    kwok: await toolPath("kwok"),
  };
}

/** A folder of this test file alone, removed when its tests have ended. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "estate-kubernetes-"));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Machine configurations of one cluster, as talosctl generates them. */
export class MachineConfigs {
  private constructor(
    private readonly talosctl: string,
    private readonly secrets: string,
  ) {}

  static async create(folder: string, cluster = "core"): Promise<MachineConfigs> {
    const talosctl = await toolPath("talosctl");
    const secrets = join(folder, `${cluster}.secrets.yaml`);
    await capture(talosctl, ["gen", "secrets", "--output-file", secrets]);
    return new MachineConfigs(talosctl, secrets);
  }

  /** The configuration of a machine, with a patch over its main document. */
  async of(name: string, type: "controlplane" | "worker", patch?: object): Promise<string> {
    const hostname = { apiVersion: "v1alpha1", kind: "HostnameConfig", hostname: name, auto: "off" };
    return capture(this.talosctl, [
      ...["gen", "config", "core", "https://192.168.10.110:6443", "--with-secrets", this.secrets],
      ...["--output", "-", "--output-types", type, "--with-docs=false", "--with-examples=false"],
      ...["--talos-version", "v1.12.0", "--kubernetes-version", "1.34.3"],
      ...[hostname, ...(patch === undefined ? [] : [patch])].flatMap((document) => [
        "--config-patch",
        JSON.stringify(document),
      ]),
    ]);
  }
}

/** Runs kubectl; what it prints on failure is returned as well. */
export class Kubectl {
  constructor(
    private readonly program: string,
    private readonly kubeconfig: string,
  ) {}

  run(args: readonly string[], input = ""): Promise<{ code: number; said: string }> {
    return new Promise((done) => {
      const child = execFile(
        this.program,
        ["--kubeconfig", this.kubeconfig, ...args],
        { timeout: 30_000 },
        (error, stdout, stderr) => {
          done({ code: error === null ? 0 : 1, said: `${stdout}${stderr}`.trim() });
        },
      );
      child.stdin?.end(input);
    });
  }

  async read(...args: string[]): Promise<string> {
    const { code, said } = await this.run(args);
    if (code !== 0) throw new Error(said);
    return said;
  }

  apply(...objects: object[]): Promise<{ code: number; said: string }> {
    return this.run(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  }

  /** Waits until kubectl prints what it should. */
  async until(expected: string, ...args: string[]): Promise<void> {
    const end = Date.now() + 30_000;
    for (;;) {
      const { said } = await this.run(args);
      if (said === expected) return;
      if (Date.now() > end) throw new Error(`kubectl ${args.join(" ")} says\n${said}\nand not\n${expected}`);
      await sleep(200);
    }
  }
}

/** Where a process listens, as "ADDRESS:PORT" in the kernel's own hexadecimal form; from /proc. */
export function listenersOf(pid: number): string[] {
  const inodes = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(pid, fd))?.[1] ?? []);
  const listening = "0A";
  return ["tcp", "tcp6", "udp", "udp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(
        ([, , , state, ...rest]) => (table.startsWith("udp") || state === listening) && inodes.includes(rest[5] ?? ""),
      )
      .map(([, local = ""]) => local),
  );
}

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return "";
  }
}
