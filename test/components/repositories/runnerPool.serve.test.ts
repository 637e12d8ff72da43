import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// serve.sh with stand-ins for everything that it calls. What this cannot prove: that GitHub and Docker do as they do.

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "estate-serve-"));
  const source = join(__dirname, "../../../components/repositories/runnerPool/serve.sh");
  writeFileSync(join(home, "serve.sh"), readFileSync(source, "utf8").replaceAll("/run/estate-runners", `${home}/run`));
  standIn("modprobe", "");
  standIn("chown", "");
  standIn("docker", `case "$*" in *" up "*) cp "$TICKET" ${home}/seen ;; esac`);
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

/** A command that writes down how it was called, and then does as told. */
function standIn(name: string, body: string): void {
  writeFileSync(join(home, name), `#!/bin/bash\nprintf '%s\\n' "${name} $*" >>${home}/calls\n${body}\n`);
  chmodSync(join(home, name), 0o755);
}

function serve(): { status: number | null; stderr: string; calls: string[] } {
  const args = [join(home, "serve.sh"), "stack", "acme/stack", '["ci","self-hosted"]', "2"];
  const { status, stderr } = spawnSync("/bin/bash", args, {
    env: { PATH: `${home}:${process.env["PATH"] ?? ""}` },
    encoding: "utf8",
  });
  return { status, stderr, calls: readFileSync(join(home, "calls"), "utf8").trim().split("\n") };
}

const compose = "docker compose --project-name estate-runner-stack-2 --file compose.yaml";

describe("a runner's one job", () => {
  test("runs with a registration of its own, in containers that are gone afterwards", () => {
    standIn("curl", `echo '{ "runner": {"id": 1}, "encoded_jit_config": "dGlja2V0" }'`);
    const { status, stderr, calls } = serve();
    expect([status, stderr]).toEqual([0, ""]);
    expect(readFileSync(join(home, "seen"), "utf8")).toBe("dGlja2V0\n");
    expect(existsSync(join(home, "run/stack/ticket-2"))).toBe(false);
    expect(calls.filter((call) => call.startsWith("docker"))).toEqual([
      `${compose} up --force-recreate --exit-code-from runner --quiet-pull`,
      `${compose} down --volumes --timeout 30`,
    ]);
  });

  test("asks GitHub with the token from a file, for this repository, labels and slot", () => {
    standIn("curl", `echo '{ "encoded_jit_config": "dGlja2V0" }'`);
    const curl = serve().calls.find((call) => call.startsWith("curl")) ?? "";
    expect(curl).toContain(" --header @github-header ");
    expect(curl).toMatch(/"name":"stack-2-\d+","runner_group_id":1,"labels":\["ci","self-hosted"\]/);
    expect(curl).toMatch(/ https:\/\/api\.github\.com\/repos\/acme\/stack\/actions\/runners\/generate-jitconfig$/);
  });

  test.each([
    [
      "GitHub refuses",
      "exit 22",
      "GitHub registered no runner for acme/stack; the token needs the permission Administration: write on it\n",
    ],
    ["the answer is another", "echo '{}'", "GitHub's answer for acme/stack has no registration in it\n"],
  ])("does not start when %s", (_, answer, message) => {
    standIn("curl", answer);
    const { status, stderr, calls } = serve();
    expect([status, stderr]).toEqual([1, message]);
    expect(calls.some((call) => call.includes(" up "))).toBe(false);
  });
});
