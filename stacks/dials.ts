import { z } from "zod";
import { type Estate, existingClustersOf, hubOf, kubeconfigSecret } from "./estate";
import { readKubeconfig } from "./kubeconfig";
import { type LabPlaces, labPlaces } from "./labPlaces";
import { type Problem, SpecError } from "./problems";

/** Settings of a stack that are not part of its spec: ids of accounts, switches, secrets. From Pulumi.<stack>.yaml. */
export interface Dials {
  readonly cloudflareAccountId: string;
  readonly cloudflareZoneId: string;
  readonly cloudflareTeam: string;
  readonly githubOwner: string;
  readonly sshPublicKey: string;
  readonly protection: boolean;
  /** Path of the lab's world file; undefined in the real world. */
  readonly world: string | undefined;
  /** Where the full lab runs what the estate declares; undefined in every other world. */
  readonly lab: LabPlaces | undefined;
  /** In clear: whoever passes one on makes it a secret output first. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Reads a raw configuration value of the project: the Pulumi SDK, or a table in tests. */
export interface ConfigSource {
  get(key: string): string | undefined;
  isSecret(key: string): boolean;
}

const secretsSchema = z.record(z.string(), z.string());

/** Names of the secrets that an estate needs, sorted; each is `secrets.NAME` of the stack's configuration. */
export function requiredSecrets(estate: Estate): string[] {
  const repositories = Object.values(estate.repositories);
  return [
    ...new Set([
      ...(Object.keys(estate.hosts).length > 0 ? ["proxmoxApiToken", "sshPrivateKey"] : []),
      ...(hubOf(estate.tailnet) === undefined ? [] : ["sshPrivateKey"]),
      ...controlSecrets(estate),
      ...(Object.values(estate.clusters).some(({ registry }) => registry !== undefined) ? ["registryCredentials"] : []),
      ...existingClustersOf(estate).map(([name]) => kubeconfigSecret(name)),
      ...(repositories.some(({ runners }) => runners !== undefined) ? ["runnerToken"] : []),
      ...repositories.flatMap(({ secrets }) => secrets),
    ]),
  ].sort();
}

/** What opens a control server that exists; a hub of the estate's own mints its key itself. */
function controlSecrets({ tailnet: { control } }: Estate): string[] {
  if (control.kind === "tailscale") return ["tailscaleOauthClientId", "tailscaleOauthClientSecret"];
  return "on" in control ? [] : ["headscaleApiKey"];
}

/**
 * The dials of a stack. Missing plain values are reported by the Pulumi CLI itself, because Pulumi.yaml types them.
 *
 * @throws SpecError listing every secret that is missing, stands in clear or is an unusable kubeconfig, with what to do
 */
export function readDials(stack: string, estate: Estate, source: ConfigSource): Dials {
  const secrets = readSecrets(source);
  const problems = [
    ...clearSecrets(stack, source),
    ...[...requiredSecrets(estate), ...otherHalf(secrets)]
      .filter((name) => !secrets[name])
      .map((name) => missing(stack, name)),
    ...unusableKubeconfigs(estate, secrets),
  ];
  if (problems.length > 0) throw new SpecError(`The configuration of stack "${stack}"`, problems);
  const text = (key: string): string => source.get(key) ?? "";
  return {
    cloudflareAccountId: text("cloudflareAccountId"),
    cloudflareZoneId: text("cloudflareZoneId"),
    cloudflareTeam: text("cloudflareTeam"),
    githubOwner: text("githubOwner"),
    sshPublicKey: text("sshPublicKey"),
    protection: source.get("protection") !== "false",
    world: source.get("world"),
    lab: readLab(source.get("lab")),
    secrets,
  };
}

/** Written by the lab itself, never by a person. */
function readLab(raw: string | undefined): LabPlaces | undefined {
  return raw === undefined ? undefined : labPlaces.parse(JSON.parse(raw));
}

function readSecrets(source: ConfigSource): Readonly<Record<string, string>> {
  const raw = source.get("secrets");
  return raw === undefined ? {} : (secretsSchema.safeParse(JSON.parse(raw)).data ?? {});
}

/** A certificate for the hub is both: with one alone the hub would silently ask Let's Encrypt. */
function otherHalf(secrets: Readonly<Record<string, string>>): string[] {
  const pair = ["hubCertificate", "hubCertificateKey"];
  return pair.some((name) => secrets[name]) ? pair : [];
}

function clearSecrets(stack: string, source: ConfigSource): Problem[] {
  if (source.get("secrets") === undefined || source.isSecret("secrets")) return [];
  return [
    {
      path: "secrets",
      problem: "stands in clear",
      allowed: "encrypted values only",
      remedy: `set each with: pulumi config set --stack ${stack} --secret --path secrets.NAME`,
    },
  ];
}

function unusableKubeconfigs(estate: Estate, secrets: Dials["secrets"]): Problem[] {
  return existingClustersOf(estate).flatMap(([name]) => {
    const secret = kubeconfigSecret(name);
    const text = secrets[secret];
    if (!text) return [];
    return readKubeconfig(text).problems.map((problem) => ({ path: `secrets.${secret}`, ...problem }));
  });
}

function missing(stack: string, name: string): Problem {
  return {
    path: `secrets.${name}`,
    problem: "is missing",
    allowed: "an encrypted value",
    remedy: `pulumi config set --stack ${stack} --secret --path secrets.${name}`,
  };
}
