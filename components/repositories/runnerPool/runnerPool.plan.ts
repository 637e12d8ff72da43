import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type InputProblem, refuse } from "../../inputProblems";
import type { Visibility } from "../repository/repository.plan";
import { composeFile } from "./compose";

/** What decides how a pool looks on its host. */
export interface RunnerPoolShape {
  readonly owner: string;
  readonly repository: string;
  readonly count: number;
  readonly tag: string;
  readonly labels?: readonly string[] | undefined;
  readonly visibility?: Visibility | undefined;
}

/** A pool, free of secrets. */
export interface RunnerPoolPlan {
  /** What a workflow says in runs-on; sorted. */
  readonly labels: readonly string[];
  /** Shell commands for the Docker host, run as a user who may use sudo. Installing reads the secrets on standard input. */
  readonly install: string;
  readonly remove: string;
}

/** Labels that GitHub gives other self-hosted runners by itself: the VMs of the estate are x86-64 Linux. */
const commonLabels = ["self-hosted", "Linux", "X64"];

/**
 * Computes a pool.
 *
 * @param name how messages call it
 * @throws InputPropertiesError with every problem: a public repository, a count or name out of bounds
 */
export function planRunnerPool(name: string, shape: RunnerPoolShape): RunnerPoolPlan {
  refuse(`RunnerPool "${name}"`, problemsOf(shape));
  const labels = [...new Set([...commonLabels, shape.tag, ...(shape.labels ?? [])])].sort();
  const pool = poolName(shape);
  const settings = [
    "set -euo pipefail",
    "umask 077",
    `pool=${pool}`,
    `directory=/etc/estate-runners/${pool}`,
    `count=${shape.count}`,
  ];
  const files = [
    file("$directory/compose.yaml", composeFile(`runner-${pool}`)),
    file("$directory/serve.sh", script("serve.sh")),
    file(`/etc/systemd/system/estate-runner-${pool}@.service`, unitFile(pool, shape, labels)),
  ];
  return {
    labels,
    install: asRoot([...settings, 'mkdir -p "$directory"', ...files, script("install.sh")]),
    remove: asRoot([...settings, script("remove.sh")]),
  };
}

/** Physical name of a pool on its host: what Compose, systemd and, behind "runner-" and before its slot, host names take. */
function poolName({ owner, repository }: RunnerPoolShape): string {
  return `${owner}-${repository}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 48)
    .replace(/-$/, "");
}

function script(fileName: string): string {
  return readFileSync(join(__dirname, fileName), "utf8");
}

function file(path: string, content: string): string {
  return `cat >"${path}" <<'END_OF_FILE'\n${content.trimEnd()}\nEND_OF_FILE`;
}

/** One process that is root, with the caller's standard input: the script itself is its argument. */
function asRoot(lines: readonly string[]): string {
  return `sudo bash -c "$(cat <<'END_OF_SCRIPT'\n${lines.join("\n").trimEnd()}\nEND_OF_SCRIPT\n)"`;
}

function unitFile(pool: string, { owner, repository }: RunnerPoolShape, labels: readonly string[]): string {
  // systemd takes "%" and "$" for itself; neither is in a valid name or label.
  const list = JSON.stringify(labels);
  return [
    "[Unit]",
    `Description=Runner %i of ${owner}/${repository}: one job at a time, each in new containers`,
    "Requires=docker.service",
    "After=docker.service network-online.target",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    `ExecStart=/bin/bash /etc/estate-runners/${pool}/serve.sh ${pool} ${owner}/${repository} '${list}' %i`,
    "Restart=always",
    "RestartSec=15",
    // serve.sh takes its containers down, which has 30 s to end them.
    "TimeoutStopSec=120",
    "KillMode=mixed",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  ].join("\n");
}

function problemsOf({ owner, repository, count, tag, labels, visibility }: RunnerPoolShape): InputProblem[] {
  const wrong = (propertyPath: string, reason: string): InputProblem => ({ propertyPath, reason });
  const countIsFine = Number.isInteger(count) && count >= 1 && count <= 20;
  return [
    ...(/^[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?$/.test(owner)
      ? []
      : [
          wrong(
            "owner",
            `"${owner}" is no GitHub user or organisation; allowed are letters, digits and inner hyphens; correct it`,
          ),
        ]),
    ...(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/.test(repository)
      ? []
      : [
          wrong(
            "repository",
            `"${repository}" is no repository name; allowed are letters, digits, ".", "-" and "_"; correct it`,
          ),
        ]),
    ...(countIsFine ? [] : [wrong("count", `${count} is no number of runners; allowed are 1 to 20; change it`)]),
    ...(/^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$/.test(tag)
      ? []
      : [
          wrong(
            "tag",
            `"${tag}" is no tag; allowed is the name without "tag:", in lower case, such as "ci"; correct it`,
          ),
        ]),
    ...(labels ?? []).flatMap((label, index) =>
      /^[A-Za-z0-9._-]{1,64}$/.test(label)
        ? []
        : [
            wrong(
              `labels.${index}`,
              `"${label}" is no label; allowed are letters, digits, ".", "-" and "_"; correct it`,
            ),
          ],
    ),
    // https://docs.github.com/en/actions/reference/security/secure-use#hardening-for-self-hosted-runners
    ...(visibility === "public"
      ? [
          wrong(
            "visibility",
            '"public": whoever opens a pull request could run code on the host; allowed are "private" and "internal"; use GitHub\'s own runners',
          ),
        ]
      : []),
  ];
}
