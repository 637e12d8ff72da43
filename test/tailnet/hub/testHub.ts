import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planHostHub } from "../../../components/tailnet/hub/hub.plan";
import { script } from "../../../components/tailnet/hub/hub.files";
import type { HubDns } from "../../../components/tailnet/hub/hub.dns";
import { freeTcpPort, freeUdpPort } from "../../../lab/control/ports";
import { putSqlite3 } from "./tools";

/** What a program printed, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A hub on this machine, with the estate's own configuration and scripts: moved to loopback, to free ports and into a
 * temporary folder, and with a certificate that was made for it. `systemctl` is a stand-in for the one service there
 * is.
 */
export interface TestHub {
  readonly root: string;
  readonly url: string;
  readonly metricsUrl: string;
  readonly state: string;
  readonly settings: string;
  readonly backups: string;
  readonly log: string;
  /** The certificate that signs the hub's (PEM). */
  readonly authority: string;
  /** Runs Headscale's command line on it; fails when that does. */
  headscale(...args: string[]): Promise<string>;
  /** Runs one of the estate's scripts as the hub would, `before` it in the same shell. */
  script(name: string, options?: { args?: readonly string[]; before?: string }): Promise<Ended>;
  systemctl(verb: "start" | "stop"): void;
  /** Waits until it answers. */
  ready(): Promise<void>;
  /** Calls the hub over TLS, its certificate verified; with an API key when one is given. */
  get(path: string, apiKey?: string): Promise<{ readonly status: number; readonly body: string }>;
  /** Stops it and takes everything away. */
  remove(): void;
}

/** Makes a hub, and does not start it */
export async function makeHub(binary: string, dns?: HubDns): Promise<TestHub> {
  const root = mkdtempSync(join(tmpdir(), "hub-"));
  const [state, settings, bin] = ["state", "settings", "bin"].map((name) => join(root, name));
  if (state === undefined || settings === undefined || bin === undefined) throw new Error("unreachable");
  for (const folder of [state, settings, bin]) mkdirSync(folder);
  const [port, metrics, grpc, stun] = [
    await freeTcpPort(),
    await freeTcpPort(),
    await freeTcpPort(),
    await freeUdpPort(),
  ];
  certify(settings);
  const { config } = planHostHub("test", "root", {
    domain: "hub.example",
    baseDomain: "tailnet.hub.example",
    loginServer: `https://localhost:${port}`,
    certificate: { kind: "given" },
    trustedProxies: [],
    dns,
  });
  const moved = config
    .replaceAll("/var/lib/headscale", state)
    .replaceAll("/etc/headscale", settings)
    .replace("/var/run/headscale/headscale.sock", join(root, "sock"))
    .replace(`0.0.0.0:${port}`, `127.0.0.1:${port}`)
    .replace("127.0.0.1:9090", `127.0.0.1:${metrics}`)
    .replace("127.0.0.1:50443", `127.0.0.1:${grpc}`)
    .replace("0.0.0.0:3478", `127.0.0.1:${stun}`);
  writeFileSync(join(settings, "config.yaml"), moved);
  writeFileSync(join(settings, "extra-records.json"), "[]\n");
  symlinkSync(binary, join(bin, "headscale"));
  putSqlite3(bin);
  const log = join(root, "log");
  writeFileSync(join(bin, "systemctl"), systemctl(root));
  chmodSync(join(bin, "systemctl"), 0o755);
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    HEADSCALE_CONFIG: join(settings, "config.yaml"),
    HEADSCALE_STATE: state,
    HEADSCALE_SETTINGS: settings,
    HEADSCALE_BACKUPS: join(root, "backups"),
  };
  return handle({ root, state, settings, log, env, bin, port, metrics });
}

interface Parts {
  readonly root: string;
  readonly state: string;
  readonly settings: string;
  readonly log: string;
  readonly env: NodeJS.ProcessEnv;
  readonly bin: string;
  readonly port: number;
  readonly metrics: number;
}

function handle({ root, state, settings, log, env, bin, port, metrics }: Parts): TestHub {
  const url = `https://localhost:${port}`;
  const authority = join(settings, "tls.crt");
  const control = (verb: "start" | "stop") => {
    execFileSync(join(bin, "systemctl"), [verb, "headscale"], { env });
  };
  const headscale = async (...args: string[]) => {
    const ended = await run(join(bin, "headscale"), args, { env });
    if (ended.code !== 0) throw new Error(`headscale ${args.join(" ")}: ${ended.stderr}\n${readFileSync(log, "utf8")}`);
    return ended.stdout;
  };
  return {
    ...{ root, url, state, settings, log, authority, backups: join(root, "backups") },
    metricsUrl: `http://127.0.0.1:${metrics}`,
    headscale,
    script: (name, { args = [], before = "" } = {}) =>
      run("sh", ["-s", "--", ...args], { env, input: `${before}\n${script(name)}` }),
    systemctl: control,
    ready: async () => {
      for (let tries = 100; tries > 0; tries--) {
        if ((await run(join(bin, "headscale"), ["health"], { env })).code === 0) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`Headscale does not answer:\n${readFileSync(log, "utf8")}`);
    },
    get: async (path, apiKey) => {
      const header = apiKey === undefined ? "" : `Authorization: Bearer ${apiKey}`;
      // The key comes in by standard input, because command lines are seen by everybody.
      const args = ["--silent", "--cacert", authority, "--header", "@-", "--write-out", "\n%{http_code}", url + path];
      const { stdout } = await run("curl", args, { env, input: header });
      const end = stdout.lastIndexOf("\n");
      return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
    },
    remove: () => {
      control("stop");
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Starts and stops the one server, and waits for its end as systemd does. */
function systemctl(root: string): string {
  return `#!/bin/sh
set -eu
case $1 in
  start) headscale serve >>"${root}/log" 2>&1 & echo $! >"${root}/pid" ;;
  stop)
    if [ -f "${root}/pid" ]; then
      pid=$(cat "${root}/pid")
      kill "$pid" 2>/dev/null || true
      while kill -0 "$pid" 2>/dev/null && [ "$(cut -d ' ' -f 3 "/proc/$pid/stat" 2>/dev/null || echo Z)" != Z ]; do sleep 0.05; done
      rm "${root}/pid"
    fi ;;
esac
`;
}

/** A certificate for localhost, of its own authority, in a folder: tls.crt and tls.key. */
export function certify(settings: string): void {
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
      ...["-keyout", join(settings, "tls.key"), "-out", join(settings, "tls.crt")],
    ],
    { stdio: "ignore" },
  );
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  { env, input = "" }: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(program, [...args], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 255, stdout, stderr });
    });
    // A program that reads nothing may have ended before all of it was written.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}
