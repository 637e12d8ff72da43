import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planHostHub } from "../../../components/tailnet/hub/hub.plan";
import { asRoot, hubSetupScript } from "../../../components/tailnet/hub/hub.setup";
import { freeTcpPort, freeUdpPort } from "../../../lab/control/ports";
import { certify, type Ended, run } from "./testHub";
import { putSqlite3StandIn } from "./tools";

/** What is declared of the hub. */
export interface Declared {
  readonly architecture?: "amd64" | "arm64";
  readonly searchDomains?: readonly string[];
  readonly extraRecords?: readonly { readonly name: string; readonly type: "A"; readonly value: string }[];
}

/**
 * A Debian machine as far as the setup sees it: its folders are in a temporary one, its package manager and systemd are
 * stand-ins that say what they were asked, and the server that they install and start is the real one.
 */
export interface Machine {
  readonly root: string;
  /** Runs the setup as it comes over SSH. `change` falsifies the script, as a mistake would. */
  setUp(declared?: Declared, change?: (script: string) => string): Promise<Ended>;
  /** What the stand-ins were asked since the last look. */
  asked(): string[];
  read(path: string): string;
  write(path: string, content: string): void;
  /** Pid of the server that runs. */
  pid(): number;
  remove(): Promise<void>;
}

/** The stand-ins. $ROOT is the machine's folder. */
const programs: Readonly<Record<string, string>> = {
  "cloud-init": "",
  dpkg: 'case $1 in --print-architecture) cat "$ROOT/architecture" ;; *) exec /usr/bin/dpkg "$@" ;; esac',
  "dpkg-query": 'cat "$ROOT/installed" 2>/dev/null',
  curl: `while [ "$1" != -o ]; do shift; done
case $3 in
  */checksums.txt) printf '%s  %s\\n' "$(printf 'a package\\n' | sha256sum | cut -d ' ' -f 1)" headscale_0.29.3_linux_arm64.deb ;;
  *) echo "a package" ;;
esac >"$2"`,
  "apt-get": `ln -sf "$HEADSCALE" "$ROOT/bin/headscale"; echo 0.29.3 >"$ROOT/installed"
  # As the package's own script does, and not as a command of the setup.
  [ ! -f "$ROOT/pid" ] || systemctl restart headscale >/dev/null`,
  getent: "exit 2",
  groupadd: "",
  chown: "",
  runuser: 'shift 3; exec "$@"',
  systemctl: `case $1 in is-system-running) cat "$ROOT/systemd"; exit ;; restart) kill "$(cat "$ROOT/pid")"; sleep 0.3 ;; enable) [ ! -f "$ROOT/pid" ] || exit 0 ;; *) exit 0 ;; esac
  headscale serve >>"$ROOT/log" 2>&1 & echo $! >"$ROOT/pid"`,
};

/** Stand-ins that only answer. */
const quiet = ["dpkg", "dpkg-query", "curl", "getent", "chown", "cloud-init"];

/** Makes a machine on which Headscale was never installed. */
export async function makeMachine(headscale: string): Promise<Machine> {
  const root = mkdtempSync(join(tmpdir(), "machine-"));
  for (const folder of ["bin", "run", "etc/headscale", "etc/systemd/system", "usr/local/sbin", "var/lib/headscale"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const [name, body] of Object.entries(programs)) {
    const say = quiet.includes(name) ? "" : `echo "$(basename "$0") $*" >>"$ROOT/asked"\n`;
    writeFileSync(join(root, "bin", name), `#!/bin/sh\n${say}${body}\n`);
    chmodSync(join(root, "bin", name), 0o755);
  }
  putSqlite3StandIn(join(root, "bin"));
  writeFileSync(join(root, "systemd"), "running\n");
  certify(join(root, "etc/headscale"));
  const ports = [await freeTcpPort(), await freeTcpPort(), await freeTcpPort(), await freeUdpPort()] as const;
  return handle(root, headscale, ports);
}

function handle(root: string, headscale: string, ports: readonly [number, number, number, number]): Machine {
  const env = {
    ...process.env,
    ROOT: root,
    HEADSCALE: headscale,
    HEADSCALE_CONFIG: join(root, "etc/headscale/config.yaml"),
    PATH: `${join(root, "bin")}:${join(root, "usr/local/sbin")}:${process.env["PATH"] ?? ""}`,
  };
  const pid = () => Number(readFileSync(join(root, "pid"), "utf8"));
  return {
    root,
    pid,
    setUp: (declared = {}, change = (script) => script) => {
      writeFileSync(join(root, "architecture"), declared.architecture ?? "arm64");
      return run("sh", ["-c", asRoot], { env, input: change(onMachine(root, ports, declared)) });
    },
    asked: () => {
      const file = join(root, "asked");
      const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
      rmSync(file, { force: true });
      return lines.map((line) => line.replace(/\/[^ ]*\/(headscale_)/, "FOLDER/$1"));
    },
    read: (path) => readFileSync(join(root, path), "utf8"),
    write: (path, content) => {
      writeFileSync(join(root, path), content);
    },
    remove: async () => {
      if (existsSync(join(root, "pid"))) process.kill(pid());
      await new Promise((resolve) => setTimeout(resolve, 500));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The setup script with the machine's folders and ports in place of a real one's. */
function onMachine(root: string, [port, metrics, grpc, stun]: readonly number[], declared: Declared): string {
  const hub = planHostHub("test", "root", {
    domain: "hub.example",
    baseDomain: "tailnet.hub.example",
    loginServer: `https://localhost:${port ?? 0}`,
    certificate: { kind: "given" },
    trustedProxies: [],
    architecture: declared.architecture ?? "arm64",
    dns: { extraRecords: declared.extraRecords, searchDomains: declared.searchDomains },
  });
  return hubSetupScript(hub, {})
    .replaceAll("/var/run/headscale/headscale.sock", join(root, "sock"))
    .replaceAll(/(?<![\w.])\/(etc|usr\/local\/sbin|var\/lib|var\/backups|run)\//g, `${root}/$1/`)
    .replace(`0.0.0.0:${port ?? 0}`, `127.0.0.1:${port ?? 0}`)
    .replace("127.0.0.1:9090", `127.0.0.1:${metrics ?? 0}`)
    .replace("127.0.0.1:50443", `127.0.0.1:${grpc ?? 0}`)
    .replace("0.0.0.0:3478", `127.0.0.1:${stun ?? 0}`);
}
