import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { withPidLock } from "../plain/pid-lock.cjs";
import type { LabPlaces } from "../../stacks/labPlaces";
import { ensureAuthority, issueCertificate } from "../machines/authority";
import {
  type ConfigPath,
  configValue,
  pathArgument,
  readStackFile,
  securePaths,
  type StackFile,
  valueAt,
  withoutSecure,
  withValue,
  writeStackFile,
} from "./config";
import { bundlePrograms } from "./bundle";
import { type LabFolder, labFolder, type LabKind } from "./folder";
import { kubeconfigSecret } from "../../stacks/estate";
import { ensureHostCredentials } from "./credentials";
import { madeUpKubeconfig } from "./kubeconfig";
import { type LabTools, writeLaunchers } from "./launchers";
import { choosePlaces, type FullLab, placesKey } from "./places";

export interface LabRequest {
  /** The checkout. */
  readonly root: string;
  readonly stack: string;
  /** @default "embedded" */
  readonly kind?: LabKind;
  /** What of the estate the full lab runs. @default nothing */
  readonly runs?: FullLab;
  readonly tools: LabTools;
  /** Names under estate:secrets that the stack's spec asks for. */
  readonly requiredSecrets: readonly string[];
  /** Names of its clusters that exist: each gets a made-up kubeconfig. @default none */
  readonly existingClusters?: readonly string[];
  /** The project's name in Pulumi.yaml. @default "estate" */
  readonly project?: string;
  /** Told once per thing that takes more than a moment. @default nothing is said */
  readonly say?: (text: string) => void;
}

/**
 * Makes the lab folder of a stack ready for the engine: launchers, passphrase, state, configuration. Repeating it
 * changes only what has changed: an edited dial is taken over, a secret that was generated once stays as it is.
 *
 * The checkout is not touched: Pulumi would write its salt into Pulumi.<stack>.yaml there, so the stack is made in a
 * directory aside.
 *
 * @throws Error with Pulumi's own message when it refuses
 */
export async function prepareLab(request: LabRequest): Promise<LabFolder> {
  const folder = labFolder(request.root, request.stack, request.kind);
  const say = request.say ?? (() => undefined);
  mkdirSync(folder.state, { recursive: true });
  const lock = `${folder.directory}.lock`;
  const onWait = (holder: { pid: number; purpose: string }): void => {
    say(`Waiting for process ${String(holder.pid)}: ${holder.purpose}`);
  };
  await withPidLock(
    lock,
    `preparing the lab of stack ${request.stack}`,
    async () => {
      bundlePrograms(folder);
      writeLaunchers(folder, request.tools);
      writePassphrase(folder);
      if (folder.kind === "full") await ensureAuthority(join(folder.machines, "authority"));
      const salt = await ensureStack(folder, request.project ?? "estate", say);
      await writeConfig(folder, salt, request);
    },
    { onWait },
  );
  return folder;
}

function writePassphrase(folder: LabFolder): void {
  if (existsSync(folder.passphrase)) return;
  writeFileSync(folder.passphrase, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
}

/** Creates the stack in the lab's backend when it is not there; returns the salt its passphrase goes with. */
async function ensureStack(folder: LabFolder, project: string, say: (text: string) => void): Promise<string> {
  const checkpoint = readIfThere(join(folder.state, ".pulumi", "stacks", project, `${folder.stack}.json`));
  if (checkpoint !== undefined) return saltOf(checkpoint, folder);
  say(`Creating stack ${folder.stack} of the lab (state, passphrase and secrets of its own)`);
  const aside = mkdtempSync(join(folder.directory, "init-"));
  try {
    writeFileSync(join(aside, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
    const file = join(aside, `Pulumi.${folder.stack}.yaml`);
    const args = ["stack", "init", folder.stack, "--secrets-provider", "passphrase", "--no-select"];
    await pulumi(folder, args, aside);
    const made = readStackFile(readFileSync(file, "utf8"), file).salt;
    if (made === undefined) throw new Error(`Pulumi wrote no salt for stack ${folder.stack}`);
    return made;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

const stateSchema = z.object({
  checkpoint: z.object({
    latest: z.object({ secrets_providers: z.object({ state: z.object({ salt: z.string() }) }) }),
  }),
});

/** The salt stands in the state, too: a configuration that was removed by hand is no loss. */
function saltOf(checkpoint: string, folder: LabFolder): string {
  const parsed = stateSchema.safeParse(JSON.parse(checkpoint));
  if (parsed.success) return parsed.data.checkpoint.latest.secrets_providers.state.salt;
  const kept = readIfThere(folder.config);
  const salt = kept === undefined ? undefined : readStackFile(kept, folder.config).salt;
  if (salt !== undefined) return salt;
  throw new Error(
    `The lab of stack ${folder.stack} has lost its salt, so its secrets are lost; remove ${folder.directory} and start anew`,
  );
}

/** Dials of the checkout, the world, secrets of earlier runs; then a new secret for each that is missing. */
async function writeConfig(folder: LabFolder, salt: string, request: LabRequest): Promise<void> {
  const committed = readConfig(join(folder.root, `Pulumi.${folder.stack}.yaml`));
  const kept = readConfig(folder.config);
  const secrets: ConfigPath[] = [...securePaths(committed), ...request.requiredSecrets.map(secretPath)];
  const places =
    folder.kind === "full" && request.runs !== undefined
      ? await choosePlaces(request.runs, folder, valueAt(kept, placesKey))
      : undefined;
  const own = new Map([
    ...(request.existingClusters ?? []).map((name) => [kubeconfigSecret(name), madeUpKubeconfig(name)] as const),
    ...(places === undefined ? [] : await ownSecrets(folder, places)),
  ]);
  // The lab's own: an address in a committed file would lead a rehearsal to a real server.
  const dials = Object.entries(withoutSecure(committed)).filter(([key]) => key !== placesKey[0]);
  let config = withValue(Object.fromEntries(dials), ["estate:world"], folder.world);
  if (places !== undefined) config = withValue(config, placesKey, configValue.parse(places));
  const missing = new Map<string, ConfigPath>();
  for (const path of [...secrets, ...[...own.keys()].map(secretPath)]) {
    const earlier = valueAt(kept, path);
    if (earlier === undefined) missing.set(pathArgument(path), path);
    else config = withValue(config, path, earlier);
  }
  replace(folder.config, writeStackFile({ salt, config }));
  for (const [argument, [, name = ""]] of missing) {
    const args = ["config", "set", "--secret", "--path", argument, "--config-file", folder.config];
    await pulumi(folder, args, folder.root, own.get(name) ?? `lab-${randomBytes(18).toString("base64url")}`);
  }
}

function secretPath(name: string): ConfigPath {
  return ["estate:secrets", name];
}

/**
 * Secrets that fit what the full lab runs. The hub has a certificate of the lab's own authority, because Let's Encrypt
 * certifies no loopback address.
 */
async function ownSecrets(folder: LabFolder, { hub, proxmox }: LabPlaces): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map<string, string>();
  if (hub !== undefined) {
    const { certificate, key } = await issueCertificate(await ensureAuthority(join(folder.machines, "authority")));
    secrets.set("hubCertificate", certificate).set("hubCertificateKey", key);
  }
  if (proxmox !== undefined) {
    const { apiToken, sshPrivateKey } = ensureHostCredentials(join(folder.hypervisor, "credentials.json"));
    secrets.set("proxmoxApiToken", apiToken).set("sshPrivateKey", sshPrivateKey);
  }
  return secrets;
}

function readConfig(file: string): StackFile["config"] {
  const text = readIfThere(file);
  return text === undefined ? {} : readStackFile(text, file).config;
}

/** Runs the lab's Pulumi. A secret goes through stdin, never on the command line. */
function pulumi(folder: LabFolder, args: readonly string[], cwd: string, input = ""): Promise<void> {
  return new Promise((resolve, reject) => {
    const command = ["--non-interactive", ...args];
    const child = execFile(join(folder.bin, "pulumi"), command, { cwd }, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`pulumi ${args.join(" ")} failed:\n${(stderr || stdout).trim()}`));
    });
    child.stdin?.end(input);
  });
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function replace(file: string, text: string): void {
  if (readIfThere(file) === text) return;
  const draft = `${file}.${String(process.pid)}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}
