import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Estate } from "../../../components/estate/estate";
import { createProviders } from "../../../components/estate/providers";
import { loadStack, specs } from "../../../stacks";
import { requiredSecrets } from "../../../stacks/dials";
import { record, type Recording, type Registration } from "../../support/record";

// The whole program of every stack under mocks: what exists, and what must hold of everything that exists. Mocks see no
// provider and no option such as protect: the engine tests do. Helm is the real one.
const stacks = Object.keys(specs);
const recordings = new Map<string, Recording<unknown>>();

/** Secret values that would be recognised anywhere. */
const secretsOf = (stack: string) =>
  Object.fromEntries(requiredSecrets(loadStack(stack)).map((name) => [name, `clear-${name}-of-${stack}`]));

function outputs(type: string, name: string): Record<string, unknown> {
  if (type === "command:remote:Command") return { stdout: `stdout of ${name}`, stderr: "" };
  if (type === "headscale:index:PreAuthKey" || type.startsWith("tailscale:index/tailnetKey:"))
    return { key: `key of ${name}` };
  if (type === "talos:index:Cluster")
    return { kubeconfig: "apiVersion: v1\nkind: Config\n", talosconfig: "context: x\n" };
  if (type === "talos:index:Secrets")
    return { machineSecrets: "machine secrets", clientConfiguration: { ca: "", crt: "", key: "" }, contract: "v1.12" };
  return {};
}

beforeAll(async () => {
  for (const stack of stacks) {
    const spec = loadStack(stack);
    const secrets = secretsOf(stack);
    const program = () => {
      const providers = createProviders({ spec, secrets, githubOwner: "owner" });
      const dials = { cloudflareAccountId: "a", cloudflareZoneId: "z", cloudflareTeam: "t", githubOwner: "owner" };
      return new Estate(
        spec.org,
        { spec, ...dials, sshPublicKey: "ssh-ed25519 AAAA", protection: true, world: "/nowhere/world.json", secrets },
        { providers },
      );
    };
    recordings.set(stack, await record(program, { outputs, call: () => ({ token: "clear-tunnel-token" }) }));
  }
}, 120_000);

const hasClusters = (stack: string) => Object.keys(loadStack(stack).clusters).length > 0;
const registrationsOf = (stack: string): readonly Registration[] => recordings.get(stack)?.registrations ?? [];

describe.each(stacks)("stack %s", (stack) => {
  test("has exactly the inventory that was reviewed", () => {
    const inventory = registrationsOf(stack)
      .map(({ type, name }) => `${type} ${name}`)
      .sort();
    // After a change on purpose: write the received lines into the file, and read them as a reviewer.
    const golden = readFileSync(join(__dirname, `../../golden/${stack}.txt`), "utf8");
    expect(inventory).toEqual(golden.trimEnd().split("\n"));
  });

  test("no secret is in any input in clear", () => {
    const values = [...Object.values(secretsOf(stack)), "clear-tunnel-token", "machine secrets"];
    for (const { type, name, inputs, secrets } of registrationsOf(stack)) {
      const open = Object.entries(inputs).filter(([key]) => !secrets.some((path) => path.split(".")[0] === key));
      for (const value of values) expect(`${type} ${name} ${JSON.stringify(open)}`).not.toContain(value);
    }
  });

  test("every container image has an exact tag or a digest", () => {
    const pods = registrationsOf(stack).filter(({ type }) => type.startsWith("kubernetes:apps/"));
    const images = pods.flatMap(({ inputs }) =>
      [...JSON.stringify(inputs).matchAll(/"image":"([^"]*)"/g)].map(([, image = ""]) => image),
    );
    expect(images.length).toBeGreaterThanOrEqual(hasClusters(stack) ? 4 : 0);
    for (const image of images) expect(image).toMatch(/(:v?\d+\.\d+[^:]*|@sha256:[0-9a-f]{64})$/);
  });

  test("no container is privileged or root by default, except NVIDIA's device plugin", () => {
    const pods = registrationsOf(stack).filter(({ type }) =>
      /^kubernetes:.*:(Deployment|StatefulSet|DaemonSet|Job)$/.test(type),
    );
    expect(pods.length).toBeGreaterThanOrEqual(hasClusters(stack) ? 4 : 0);
    for (const { name, inputs } of pods) {
      const text = JSON.stringify(inputs);
      expect(text).not.toContain('"privileged":true');
      if (!name.endsWith("nvidia-device-plugin")) expect(text).toContain('"runAsNonRoot":true');
      expect(text).toContain('"allowPrivilegeEscalation":false');
    }
  });

  test("the tailnet's policy has rules, and none for everybody or to everywhere", () => {
    const policies = registrationsOf(stack).flatMap(({ type, inputs }) =>
      type === "headscale:index:Policy" || type === "tailscale:index/acl:Acl"
        ? [inputs["policy"] ?? inputs["acl"]]
        : [],
    );
    expect(policies).toHaveLength(1);
    const text = String(policies[0]);
    expect(text).toContain('"acls"');
    expect(text).not.toMatch(/"\*(:\*)?"/);
  });

  test("every name begins with that of what it belongs to", () => {
    const roots = [
      ...registrationsOf(stack)
        .filter(({ type }) => type.startsWith("estate:"))
        .map(({ name }) => name),
      ...["proxmox", "command", "cloudflare", "github"].map((provider) => `${loadStack(stack).org}-${provider}`),
    ];
    for (const { type, name } of registrationsOf(stack)) {
      if (type.startsWith("estate:") || type.startsWith("pulumi:pulumi:")) continue;
      expect(roots.filter((root) => name === root || name.startsWith(`${root}-`))).not.toEqual([]);
    }
  });
});

test("no two stacks share a physical name at a provider of both", () => {
  const named = (stack: string) =>
    registrationsOf(stack)
      .filter(({ type }) => type.startsWith("cloudflare:"))
      .flatMap(({ inputs }) => (typeof inputs["name"] === "string" ? [inputs["name"]] : []));
  const names = stacks.flatMap((stack) => [...new Set(named(stack))]);
  expect(names.length).toBeGreaterThan(4);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
