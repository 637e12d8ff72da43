import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { Estate } from "../../../components/estate/estate";
import { createProviders } from "../../../components/estate/providers";
import { requiredSecrets } from "../../../stacks/dials";
import { loadEstate } from "../../../stacks/load";
import { record, type Recording, type Registration, valueOf } from "../../support/record";
import { kubeconfig, token } from "../clusters/kubeconfigs";

// A whole estate with a cluster of its own and one that exists, under mocks: what is the same on both, and what is not there.
const file = join(__dirname, "../../stacks/fixtures/good/cluster-that-exists.yaml");
const spec = loadEstate(parse(readFileSync(file, "utf8")));
const secrets = Object.fromEntries(
  requiredSecrets(spec).map((name) => [name, name === "gpuFarmKubeconfig" ? kubeconfig() : `clear-${name}`]),
);

function outputs(type: string, name: string): Record<string, unknown> {
  if (type === "command:remote:Command") return { stdout: `stdout of ${name}`, stderr: "" };
  if (type === "headscale:index:PreAuthKey") return { key: `key of ${name}` };
  if (type === "talos:index:Cluster") return { kubeconfig: "kubeconfig of core", talosconfig: "talosconfig of core" };
  if (type === "talos:index:Secrets")
    return { machineSecrets: "machine secrets", clientConfiguration: { ca: "", crt: "", key: "" }, contract: "v1.12" };
  return {};
}

const policySchema = z.object({
  acls: z.array(z.unknown()),
  hosts: z.record(z.string(), z.string()),
  autoApprovers: z.object({ routes: z.record(z.string(), z.array(z.string())) }),
});

let recording: Recording<Estate>;
const owned = (prefix: string): Registration[] =>
  recording.registrations.filter(({ name }) => name === prefix || name.startsWith(`${prefix}-`));

beforeAll(async () => {
  const program = () => {
    const providers = createProviders({ spec, secrets, githubOwner: "owner" });
    const dials = { cloudflareAccountId: "a", cloudflareZoneId: "z", cloudflareTeam: "t", githubOwner: "owner" };
    const place = { sshPublicKey: "ssh-ed25519 AAAA", protection: true, world: "/nowhere/world.json" };
    return new Estate(spec.org, { spec, ...dials, ...place, secrets }, { providers });
  };
  recording = await record(program, { outputs, call: () => ({ token: "clear-tunnel-token" }) });
}, 60_000);

// The device plugin is not among it: whoever runs the cluster has made its cards allocatable.
test("of the cluster itself there is a Kubernetes provider and nothing else; on it is what every cluster has", () => {
  expect(
    owned("gpu-farm")
      .map(({ type, name }) => `${type} ${name}`)
      .sort(),
  ).toEqual([
    "estate:apps:Chart gpu-farm-tunnel-chart",
    "estate:apps:TunnelConnector gpu-farm-tunnel",
    "estate:clusters:ClusterAddons gpu-farm-addons",
    "estate:clusters:ExistingCluster gpu-farm",
    "kubernetes:apps/v1:Deployment gpu-farm-tunnel-chart-objects-cloudflared/cloudflared",
    "kubernetes:core/v1:Namespace gpu-farm-addons-cloudflared",
    "kubernetes:core/v1:Namespace gpu-farm-addons-llm",
    "kubernetes:core/v1:ResourceQuota gpu-farm-addons-cloudflared-quota",
    "kubernetes:core/v1:ResourceQuota gpu-farm-addons-llm-quota",
    "kubernetes:core/v1:Secret gpu-farm-addons-cloudflared-registry",
    "kubernetes:core/v1:Secret gpu-farm-addons-llm-registry",
    "kubernetes:core/v1:Secret gpu-farm-tunnel-token",
    "kubernetes:core/v1:ServiceAccount gpu-farm-tunnel-chart-objects-cloudflared/cloudflared",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy gpu-farm-addons-cloudflared-default-deny",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy gpu-farm-addons-llm-default-deny",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy gpu-farm-tunnel-chart-objects-cloudflared/cloudflared",
    "kubernetes:policy/v1:PodDisruptionBudget gpu-farm-tunnel-chart-objects-cloudflared/cloudflared",
    "kubernetes:yaml:ConfigGroup gpu-farm-tunnel-chart-objects",
    "pulumi:providers:kubernetes gpu-farm-kubernetes",
  ]);
});

test("its apps are there, with the connector of the tunnel and the registry's credentials", () => {
  const { one } = recording;
  expect(one("kubernetes:core/v1:Secret", "gpu-farm-addons-llm-registry").secrets).toEqual(["stringData"]);
  expect(one("estate:apps:Chart", "models").inputs).toMatchObject({ kubernetesVersion: "1.33.6" });
  expect(one("estate:apps:TunnelConnector", "gpu-farm-tunnel")).toBeDefined();
});

test("its pods let in what is said to come from the tailnet, and the tailnet leads there", () => {
  const policies = owned("models").filter(({ type }) => type.endsWith(":NetworkPolicy"));
  expect(JSON.stringify(policies)).toContain('"cidr":"10.60.0.0/24"');
  const { acls, hosts, autoApprovers } = policySchema.parse(
    JSON.parse(String(recording.one("headscale:index:Policy").inputs["policy"])),
  );
  expect(hosts).toMatchObject({ "gpu-farm-services": "10.43.0.0/16" });
  expect(autoApprovers.routes).toMatchObject({ "10.43.0.0/16": ["tag:router"], "10.96.0.0/12": ["tag:cp1"] });
  expect(acls).toContainEqual({
    action: "accept",
    proto: "tcp",
    src: ["group:admins"],
    dst: ["gpu-farm-services:11434"],
  });
});

test("its router advertises its services when it joins, and forwards packets", async () => {
  const { bundles } = await valueOf(recording.result.secretOutputs);
  expect(bundles["router"]).toContain(" --advertise-routes=10.43.0.0/16 ");
  expect(bundles["router"]).toContain("net.ipv4.ip_forward = 1");
});

test("outputs name both clusters; only the estate's own has a talosconfig", async () => {
  const { publicOutputs, secretOutputs } = recording.result;
  expect((await valueOf(publicOutputs)).clusters).toEqual({
    core: "https://10.20.1.44:6443",
    "gpu-farm": "https://10.1.2.3:6443",
  });
  expect(await valueOf(secretOutputs)).toMatchObject({
    kubeconfigs: { core: "kubeconfig of core", "gpu-farm": kubeconfig() },
    talosconfigs: { core: "talosconfig of core" },
  });
  expect(Object.keys((await valueOf(secretOutputs)).talosconfigs)).toEqual(["core"]);
});

test("its kubeconfig is in clear nowhere", () => {
  for (const { type, name, inputs, secrets: hidden } of recording.registrations) {
    const open = Object.entries(inputs).filter(([key]) => !hidden.some((path) => path.split(".")[0] === key));
    expect(`${type} ${name} ${JSON.stringify(open)}`).not.toContain(token);
  }
});
