import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { planRunnerPool, type RunnerPoolShape } from "../../../components/repositories/runnerPool";

// What this cannot prove: that GitHub registers the runner, that the sidecar joins, and that its packet filter holds.

const shape: RunnerPoolShape = { owner: "Acme", repository: "My.Stack", count: 2, tag: "ci" };
const plan = (given: Partial<RunnerPoolShape> = {}) => planRunnerPool("runners", { ...shape, ...given });

const service = z.looseObject({
  image: z.string().regex(/:v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$/),
  cap_drop: z.array(z.string()),
  cap_add: z.array(z.string()).optional(),
  security_opt: z.array(z.string()),
  secrets: z.array(z.string()),
  volumes: z.unknown().optional(),
  privileged: z.unknown().optional(),
});
const compose = z.strictObject({
  services: z.strictObject({ tailnet: service, runner: service }),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
});

function fileIn(text: string, path: string): string {
  const start = text.indexOf(`cat >"${path}" <<'END_OF_FILE'\n`);
  const body = text.slice(text.indexOf("\n", start) + 1);
  return start < 0 ? "" : body.slice(0, body.indexOf("\nEND_OF_FILE"));
}

describe("the plan of a pool", () => {
  test("labels its runners for what they are, once and in order", () => {
    expect(plan({ labels: ["builder", "ci"] }).labels).toEqual(["Linux", "X64", "builder", "ci", "self-hosted"]);
  });

  test("starts as many slots as it counts, under a name that systemd and Compose take", () => {
    const { install, remove } = plan();
    expect(install).toContain("\npool=acme-my-stack\ndirectory=/etc/estate-runners/acme-my-stack\ncount=2\n");
    expect(remove).toContain("\npool=acme-my-stack\n");
    expect(fileIn(install, "/etc/systemd/system/estate-runner-acme-my-stack@.service")).toContain(
      "ExecStart=/bin/bash /etc/estate-runners/acme-my-stack/serve.sh acme-my-stack Acme/My.Stack " +
        `'["Linux","X64","ci","self-hosted"]' %i\n`,
    );
  });

  test("keeps host names within 63 characters, however long the repository's name", () => {
    const file = fileIn(plan({ repository: "r".repeat(100) }).install, "$directory/compose.yaml");
    const hostname = /hostname: (\S+)/.exec(file)?.[1] ?? "";
    expect(hostname.replace("${SLOT}", "20").length).toBeLessThanOrEqual(63);
    expect(hostname).toMatch(/^runner-acme-r+-\$\{SLOT\}$/);
  });
});

describe("a runner's containers", () => {
  const { services, secrets } = compose.parse(parse(fileIn(plan().install, "$directory/compose.yaml")));

  test("have pinned images and no more rights than they need", () => {
    expect(services.runner).toMatchObject({ cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    expect(services.runner.cap_add).toBeUndefined();
    expect(services.tailnet).toMatchObject({ cap_drop: ["ALL"], cap_add: ["NET_ADMIN", "NET_RAW"] });
    for (const each of Object.values(services)) {
      expect(each.privileged).toBeUndefined();
      expect(each.volumes).toBeUndefined();
    }
  });

  test("never get the Docker socket, nor the token that registers runners", () => {
    const text = fileIn(plan().install, "$directory/compose.yaml");
    expect(text).not.toMatch(/docker\.sock|github-header/);
    expect(services.runner.secrets).toEqual(["ticket"]);
    expect(services.tailnet.secrets).toEqual(["join-key"]);
    expect(secrets).toEqual({ "join-key": { file: "./join-key" }, ticket: { file: "${TICKET}" } });
  });

  test("reach private addresses through the tailnet only, once it is up", () => {
    expect(services.runner).toMatchObject({
      network_mode: "service:tailnet",
      depends_on: { tailnet: { condition: "service_healthy" } },
    });
    expect(services.tailnet).toMatchObject({
      entrypoint: [
        "/bin/sh",
        "-ec",
        "iptables -A OUTPUT -o eth0 -d 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16 " +
          "-m mark ! --mark 0x80000/0xff0000 -j REJECT; exec /usr/local/bin/containerboot",
      ],
      env_file: ["tailnet.env"],
      environment: { TS_AUTHKEY: "file:/run/secrets/join-key", TS_USERSPACE: "false" },
    });
  });
});

describe("a pool's shell commands, run with stand-ins for sudo and systemctl", () => {
  let home = "";
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "estate-runners-"));
    standIn("sudo", 'exec "$@"');
    standIn(
      "systemctl",
      `echo "$*" >>${home}/systemctl.log
if [ "$1" = list-units ]; then echo "estate-runner-acme-my-stack@3.service loaded active running x"; fi`,
    );
  });
  afterEach(() => {
    rmSync(home, { recursive: true });
  });

  function standIn(name: string, body: string): void {
    writeFileSync(join(home, name), `#!/bin/bash\n${body}\n`);
    chmodSync(join(home, name), 0o755);
  }
  function run(text: string, input: string): string {
    const moved = text
      .replaceAll("/etc/systemd/system", home)
      .replaceAll("/etc/estate-runners", `${home}/runners`)
      .replaceAll("/run/estate-runners", `${home}/run`);
    return execFileSync("/bin/sh", ["-c", moved], {
      input,
      env: { PATH: `${home}:${process.env["PATH"] ?? ""}` },
    }).toString();
  }
  const secretLines = "the join key\nthe token\nhttps://hub.example\n";

  test("install files and secrets, end what is beyond the count, start the slots, and print nothing", () => {
    expect(run(plan().install, secretLines)).toBe("");
    const pool = join(home, "runners/acme-my-stack");
    expect(readFileSync(join(pool, "join-key"), "utf8")).toBe("the join key\n");
    expect(readFileSync(join(pool, "github-header"), "utf8")).toBe("Authorization: Bearer the token\n");
    expect(readFileSync(join(pool, "tailnet.env"), "utf8")).toBe("TS_EXTRA_ARGS=--login-server=https://hub.example\n");
    expect(readFileSync(join(pool, "serve.sh"), "utf8")).toContain("export TICKET=$runtime/ticket-$SLOT\n");
    execFileSync("/bin/bash", ["-n", join(pool, "serve.sh")]);
    expect(readFileSync(join(home, "systemctl.log"), "utf8").trim().split("\n")).toEqual([
      "daemon-reload",
      "list-units --all --plain --no-legend estate-runner-acme-my-stack@*",
      "disable --now estate-runner-acme-my-stack@3.service",
      "enable --now estate-runner-acme-my-stack@1.service",
      "enable --now estate-runner-acme-my-stack@2.service",
    ]);
  });

  test("install a second time as the first", () => {
    run(plan().install, secretLines);
    expect(run(plan().install, secretLines)).toBe("");
  });

  test("fail without their secrets", () => {
    expect(() => run(plan().install, "")).toThrow();
    expect(existsSync(join(home, "runners/acme-my-stack/join-key"))).toBe(false);
  });

  test("remove everything again", () => {
    run(plan().install, secretLines);
    expect(run(plan().remove, "")).toBe("");
    expect(existsSync(join(home, "runners/acme-my-stack"))).toBe(false);
    expect(existsSync(join(home, "estate-runner-acme-my-stack@.service"))).toBe(false);
  });
});

describe("a plan refuses", () => {
  test.each<[string, Partial<RunnerPoolShape>, string]>([
    [
      "a public repository",
      { visibility: "public" },
      'visibility: "public": whoever opens a pull request could run code on the host; ' +
        'allowed are "private" and "internal"; use GitHub\'s own runners',
    ],
    ["no runners", { count: 0 }, "count: 0 is no number of runners; allowed are 1 to 20; change it"],
    ["too many runners", { count: 21 }, "count: 21 is no number of runners; allowed are 1 to 20; change it"],
    ["half a runner", { count: 1.5 }, "count: 1.5 is no number of runners; allowed are 1 to 20; change it"],
    [
      "a tag with its prefix",
      { tag: "tag:ci" },
      'tag: "tag:ci" is no tag; allowed is the name without "tag:", in lower case, such as "ci"; correct it',
    ],
    [
      "a shell command for a label",
      { labels: ["ok", "$(reboot)"] },
      'labels.1: "$(reboot)" is no label; allowed are letters, digits, ".", "-" and "_"; correct it',
    ],
  ])("%s", (_, given, problem) => {
    expect(() => plan(given)).toThrow(new Error(`RunnerPool "runners" has 1 problem:\n  ${problem}`));
  });

  test("several things at once, all of them", () => {
    expect(() => plan({ owner: "a/b", repository: "c;d" })).toThrow(
      new Error(
        'RunnerPool "runners" has 2 problems:\n' +
          '  owner: "a/b" is no GitHub user or organisation; allowed are letters, digits and inner hyphens; correct it\n' +
          '  repository: "c;d" is no repository name; allowed are letters, digits, ".", "-" and "_"; correct it',
      ),
    );
  });
});
