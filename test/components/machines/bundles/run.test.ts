import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathsOutside } from "../../../../lab/machines/harmless";
import { authKey, bundleOf } from "./fixture";

// The scripts as a person runs them, with the machine's folders in a temporary one and stand-ins for its programs. That a real
// Tailscale joins with these flags and such a key file, the full lab shows.
const programs: Readonly<Record<string, string>> = {
  id: "echo 0",
  "apt-get": 'case $* in *install*) ln -s "$ROOT/tailscale" "$ROOT/bin/tailscale" ;; esac',
  opkg: 'case $1 in install) ln -s "$ROOT/tailscale" "$ROOT/bin/tailscale" ;; esac',
  curl: "",
  uci: "",
  sysctl: "",
  systemctl: "",
  ollama: "",
  rustdesk: "",
};
const tailscale = `case $1 in
  status) cat "$ROOT/status" ;;
  ip) echo 100.64.0.7 ;;
  up)
    for flag in "$@"; do
      case $flag in --auth-key=file:*) stat -c %a "\${flag#*file:}" >"$ROOT/mode"; cat "\${flag#*file:}" >"$ROOT/key" ;; esac
    done
    [ ! -e "$ROOT/refuse" ] || exit 1
    cp "$ROOT/joined" "$ROOT/status" ;;
esac`;

let root: string;
const at = (path: string): string => join(root, path);

function program(path: string, body: string): void {
  writeFileSync(at(path), `#!/bin/sh\necho "$(basename "$0") $*" >>"$ROOT/asked"\n${body}\n`);
  chmodSync(at(path), 0o755);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bundle-"));
  for (const folder of [
    "bin",
    "run",
    "tmp",
    "etc/init.d",
    "etc/sysctl.d",
    "etc/systemd/system",
    "usr/share/keyrings",
    "etc/apt/sources.list.d",
  ])
    mkdirSync(at(folder), { recursive: true });
  for (const [name, body] of Object.entries(programs)) program(`bin/${name}`, body);
  for (const name of ["tailscale", "network", "firewall"]) program(`etc/init.d/${name}`, "");
  program("tailscale", tailscale);
  writeFileSync(at("etc/os-release"), "ID=debian\nVERSION_CODENAME=bookworm\n");
  writeFileSync(at("status"), JSON.stringify({ BackendState: "NeedsLogin" }));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** What Tailscale says once it has joined. */
function joinedAs(tags: readonly string[], routes: readonly string[] = []): void {
  const self = { HostName: "x", TailscaleIPs: ["100.64.0.7"], AllowedIPs: ["100.64.0.7/32", ...routes], Tags: tags };
  writeFileSync(at("joined"), JSON.stringify({ BackendState: "Running", Self: self, Health: [] }, undefined, 2));
}

function run(text: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const moved = text.replaceAll(/(?<![\w./-])\/(etc|run|tmp|usr)\//g, `${root}/$1/`);
  // Whoever runs the tests may be root: nothing outside the folder is touched. "/" is sed's, and the unit names /opt/ingest.
  const outside = pathsOutside(root, moved).filter((path) => path !== "/" && !path.startsWith("/opt/ingest"));
  expect(outside).toEqual([]);
  writeFileSync(at("bundle.sh"), moved);
  const env = { PATH: `${at("bin")}:/usr/bin:/bin`, ROOT: root, TMPDIR: at("tmp") };
  const { status, stdout, stderr } = spawnSync("sh", [at("bundle.sh"), ...args], { env, encoding: "utf8" });
  return { status, stdout, stderr };
}

const asked = (): string => readFileSync(at("asked"), "utf8").replaceAll(root, "");
const files = (path: string): string[] => readdirSync(at(path));

describe("the bundle for Linux", () => {
  beforeEach(() => {
    joinedAs(["tag:linux", "tag:gpu"], ["10.44.0.0/16"]);
  });

  test("installs, joins with the key in a file of root alone, leaves no key behind, and says that it has joined", () => {
    const { status, stdout } = run(bundleOf("linux"));
    expect(stdout).toBe(
      "tags: tag:gpu tag:linux, as declared\nroute: 10.44.0.0/16, approved\nlinux has joined as it is declared, as 100.64.0.7\n",
    );
    expect(status).toBe(0);
    expect(readFileSync(at("key"), "utf8")).toBe(`${authKey}\n`);
    expect(readFileSync(at("mode"), "utf8")).toBe("600\n");
    expect(files("run")).toEqual([]);
    expect(asked()).not.toContain(authKey);
    expect(asked()).toMatch(
      /\ntailscale up --login-server=https:\/\/headscale\.estate\.example --auth-key=file:\/run\/tailnet-join\.\w{6} --hostname=linux --accept-routes=false --advertise-routes=10\.44\.0\.0\/16 --timeout=120s\n/,
    );
  });

  test("sets up what the machine runs", () => {
    run(bundleOf("linux"));
    expect(readFileSync(at("etc/systemd/system/ollama.service.d/estate.conf"), "utf8")).toContain(
      'Environment="OLLAMA_HOST=100.64.0.7:11434"\n',
    );
    expect(readFileSync(at("etc/systemd/system/estate-ingest.service"), "utf8")).toContain(
      'ExecStart="/opt/ingest/ingest" "--port" "8000"\nWorkingDirectory=/opt/ingest\nUser=ingest\n',
    );
    expect(
      asked()
        .split("\n")
        .filter((line) => /^(ollama pull|rustdesk|systemctl restart)/.test(line)),
    ).toEqual([
      "systemctl restart ollama",
      "ollama pull llama3.2:3b",
      "rustdesk --option custom-rendezvous-server 127.0.0.1",
      "rustdesk --option direct-server Y",
      "rustdesk --option direct-access-port 21118",
      "systemctl restart estate-ingest",
    ]);
  });

  test("run again, it asks for no key and installs nothing", () => {
    run(bundleOf("linux"));
    rmSync(at("asked"));
    rmSync(at("key"));
    expect(run(bundleOf("linux")).status).toBe(0);
    expect(existsSync(at("key"))).toBe(false);
    expect(asked()).not.toMatch(/apt-get|auth-key/);
  });

  test("a join that is refused leaves no key behind and sets up nothing", () => {
    writeFileSync(at("refuse"), "");
    expect(run(bundleOf("linux"))).toMatchObject({ status: 1, stdout: "" });
    expect(files("run")).toEqual([]);
    expect(files("etc/systemd/system")).toEqual([]);
  });
});

describe("the check", () => {
  const check = () => {
    program("bin/tailscale", tailscale);
    return run(bundleOf("linux"), "check");
  };
  const joined = (tags: readonly string[], routes: readonly string[]): void => {
    joinedAs(tags, routes);
    writeFileSync(at("status"), readFileSync(at("joined")));
  };

  test("says that nobody has joined, and changes nothing", () => {
    expect(check()).toEqual({
      status: 1,
      stdout: "",
      stderr: "linux has not joined: Tailscale does not run here, or nobody has logged it in\n",
    });
    expect(asked()).toBe("tailscale status --json --peers=false\n");
  });

  test("says the same where there is no Tailscale at all", () => {
    expect(run(bundleOf("linux"), "check").stderr).toBe(
      "linux has not joined: Tailscale does not run here, or nobody has logged it in\n",
    );
  });

  test("names tags that are others, and a route that nobody approved", () => {
    joined(["tag:gpu", "tag:other"], []);
    expect(check()).toEqual({
      status: 1,
      stdout: "",
      stderr:
        'tags: "tag:gpu" "tag:other" instead of tag:gpu tag:linux: it joined with another key, or somebody changed them\n' +
        "route: 10.44.0.0/16 is not approved: the tailnet's policy does not let this machine route it\n",
    });
  });

  test("a tag too many is no right tag", () => {
    joined(["tag:gpu", "tag:linux", "tag:admin"], ["10.44.0.0/16"]);
    expect(check()).toMatchObject({ status: 1, stdout: "route: 10.44.0.0/16, approved\n" });
  });
});

describe("the bundle for OpenWrt", () => {
  test("installs by opkg, makes interface, zone and ways, joins and says so", () => {
    joinedAs(["tag:field", "tag:openwrt"], ["10.42.0.0/24"]);
    const { status, stdout } = run(bundleOf("openwrt"));
    expect(stdout).toBe(
      "tags: tag:field tag:openwrt, as declared\nroute: 10.42.0.0/24, approved\nopenwrt has joined as it is declared, as 100.64.0.7\n",
    );
    expect(status).toBe(0);
    expect(asked().split("\n").slice(0, 4)).toEqual([
      "opkg update",
      "opkg install tailscale",
      "tailscale enable",
      "tailscale start",
    ]);
    expect(asked()).toContain("uci set firewall.lan_tailscale.dest=tailscale\n");
    expect(readFileSync(at("key"), "utf8")).toBe(`${authKey}\n`);
    expect(files("tmp")).toEqual([]);
  });
});
