import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { readStackFile, securePaths, type StackFile } from "../../lab/launch/config";
import type { Estate } from "../../stacks/estate";

/** Something the real world needs and that is not there. */
export interface Lack {
  readonly what: string;
  readonly remedy: string;
}

/** What the check looks at. Gathered by `observe`, so that the check itself touches nothing. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where `pulumi login` has logged in to on this machine. @default nowhere */
  readonly login?: string;
  /** The text of Pulumi.<stack>.yaml; undefined when there is none. */
  readonly stackFile: string | undefined;
}

/** Everything a stack needs in the real world and lacks, at once. Reads no network and no value of any secret. */
export function findLacks(stack: string, estate: Estate, secrets: readonly string[], around: Surroundings): Lack[] {
  const name = `Pulumi.${stack}.yaml`;
  const file = around.stackFile === undefined ? { config: {} } : readStackFile(around.stackFile, name);
  const noFile: Lack = { what: name, remedy: `write it; the keys it can have are described in Pulumi.yaml` };
  return [
    ...(around.stackFile === undefined ? [noFile] : []),
    ...backendLacks(around),
    ...passphraseLacks(around),
    ...credentialLacks(estate, around.env),
    ...secretLacks(stack, file, secrets),
  ];
}

function has(env: Surroundings["env"], ...names: readonly string[]): boolean {
  return names.every((name) => env[name] !== undefined && env[name] !== "");
}

/** Address of the backend; Pulumi Cloud when only a token is given. */
function backendOf({ env, login }: Surroundings): string | undefined {
  if (has(env, "PULUMI_BACKEND_URL")) return env["PULUMI_BACKEND_URL"];
  return has(env, "PULUMI_ACCESS_TOKEN") ? "https://api.pulumi.com" : login;
}

function backendLacks(around: Surroundings): Lack[] {
  if (backendOf(around) !== undefined) return [];
  return [
    {
      what: "a place for the state (backend)",
      remedy: "export PULUMI_BACKEND_URL=s3://... (or azblob://, gs://, file://), or pulumi login",
    },
  ];
}

function passphraseLacks(around: Surroundings): Lack[] {
  const { env, stackFile = "" } = around;
  const managed = /^secretsprovider:/m.test(stackFile);
  // Pulumi Cloud encrypts by itself, unless the stack says otherwise with its salt.
  const cloud = /^https:/.test(backendOf(around) ?? "") && !/^encryptionsalt:/m.test(stackFile);
  if (managed || cloud) return [];
  // An empty passphrase is one: Pulumi takes PULUMI_CONFIG_PASSPHRASE="" as it is.
  if (env["PULUMI_CONFIG_PASSPHRASE"] !== undefined || has(env, "PULUMI_CONFIG_PASSPHRASE_FILE")) return [];
  return [
    {
      what: "the passphrase that encrypts the stack's secrets",
      remedy:
        "export PULUMI_CONFIG_PASSPHRASE_FILE=<file>, or choose a secrets provider: pulumi stack change-secrets-provider",
    },
  ];
}

function credentialLacks(estate: Estate, env: Surroundings["env"]): Lack[] {
  const services = [...Object.values(estate.machines), ...Object.values(estate.apps)].flatMap(({ serves }) =>
    Object.values(serves),
  );
  const edge = services.some((service) => service.public !== undefined);
  const repositories = Object.keys(estate.repositories).length > 0;
  const edgeLogin = has(env, "CLOUDFLARE_API_TOKEN") || has(env, "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL");
  const rows: readonly (readonly [boolean, string, string])[] = [
    [edge && !edgeLogin, "credentials of the Cloudflare API", "export CLOUDFLARE_API_TOKEN=<token>"],
    [repositories && !has(env, "GITHUB_TOKEN"), "credentials of the GitHub API", "export GITHUB_TOKEN=<token>"],
  ];
  return rows.flatMap(([missing, what, remedy]) => (missing ? [{ what, remedy }] : []));
}

function secretLacks(stack: string, file: StackFile, secrets: readonly string[]): Lack[] {
  const set = new Set(securePaths(file.config).map((path) => path.join("/")));
  if (set.has("estate:secrets")) return [];
  return secrets
    .filter((name) => !set.has(`estate:secrets/${name}`))
    .map((name) => ({
      what: `secret "${name}"`,
      remedy: `pulumi config set --stack ${stack} --secret --path secrets.${name}`,
    }));
}

/** The message of a refusal: everything that is missing, each with its remedy. */
export function lacksMessage(stack: string, lacks: readonly Lack[]): string {
  return [
    `Stack ${stack} is for the real world (LAB=none), and ${String(lacks.length)} of the things it needs are missing:`,
    ...lacks.map(({ what, remedy }) => `  - ${what}\n      ${remedy}`),
    `Nothing was touched. To rehearse it in a simulated world instead: make up STACK=${stack} LAB=embedded`,
  ].join("\n");
}

const credentials = z.object({ current: z.string().optional() });

/** Looks at the machine for what `findLacks` needs. */
export function observe(root: string, stack: string, env: NodeJS.ProcessEnv): Surroundings {
  const file = join(root, `Pulumi.${stack}.yaml`);
  const login = currentLogin(join(env["PULUMI_HOME"] ?? join(homedir(), ".pulumi"), "credentials.json"));
  return {
    env,
    ...(login === undefined ? {} : { login }),
    stackFile: existsSync(file) ? readFileSync(file, "utf8") : undefined,
  };
}

/** Where the CLI is logged in to, by the file it keeps. No token is read from it. */
function currentLogin(file: string): string | undefined {
  try {
    return credentials.safeParse(JSON.parse(readFileSync(file, "utf8"))).data?.current;
  } catch {
    return undefined;
  }
}
