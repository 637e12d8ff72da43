import * as pulumi from "@pulumi/pulumi";
import { dockerConfig, planAddons, podSecurityLabels } from "../../../components/clusters/addons/addons.plan";
import { ClusterAddons } from "../../../components/clusters/addons/clusterAddons";
import { tokens } from "../../../components/tokens";
import { loadStack } from "../../../stacks";
import { record } from "../../support/record";

/** Namespaces, policies, quotas, pull secrets and the GPU's plugin, by mocks. That admission refuses a pod is not proven here. */

const { clusters, apps } = loadStack("prod");
const { core } = clusters;
if (core === undefined) throw new Error("prod has no cluster core");
const credentials = "robot:made-for-this-test";
const { home: plain } = loadStack("dev").clusters;
if (plain === undefined) throw new Error("dev has no cluster home");

const create = (registryCredentials?: string) => () =>
  new ClusterAddons("core", {
    cluster: registryCredentials === undefined ? plain : core,
    apps,
    gpus: 1,
    ...(registryCredentials === undefined ? {} : { registryCredentials: pulumi.output(registryCredentials) }),
  });

describe("planAddons", () => {
  test("namespaces are restricted and may ask for the GPUs of their apps; only the plugin's is privileged", () => {
    expect(planAddons(core, apps, 1)).toEqual({
      namespaces: [
        { name: "cloudflared", podSecurity: "restricted", gpus: 0 },
        { name: "demo", podSecurity: "restricted", gpus: 0 },
        { name: "nvidia-device-plugin", podSecurity: "privileged", gpus: 0 },
        { name: "ollama", podSecurity: "restricted", gpus: 1 },
      ],
      nvidia: true,
      registry: "ghcr.io",
    });
  });

  test("nothing for GPUs without GPUs, nothing for the tunnel without a public app", () => {
    const { ollama } = apps;
    if (ollama === undefined) throw new Error("prod has no app ollama");
    expect(planAddons(plain, { one: { ...ollama, gpus: 0 }, two: { ...ollama, gpus: 0 } }, 0)).toEqual({
      namespaces: [{ name: "ollama", podSecurity: "restricted", gpus: 0 }],
      nvidia: false,
      registry: undefined,
    });
  });

  test("a namespace of two apps may ask for the GPUs of all their replicas", () => {
    const { ollama } = apps;
    if (ollama === undefined) throw new Error("prod has no app ollama");
    const { namespaces } = planAddons(plain, { one: { ...ollama, gpus: 2, replicas: 3 }, two: ollama }, 8);
    expect(namespaces.find(({ name }) => name === "ollama")?.gpus).toBe(7);
  });
});

test("podSecurityLabels say all three modes", () => {
  expect(podSecurityLabels("restricted")).toEqual({
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/audit": "restricted",
    "pod-security.kubernetes.io/warn": "restricted",
  });
});

test("dockerConfig is what the kubelet reads", () => {
  expect(JSON.parse(dockerConfig("ghcr.io", "robot:x"))).toEqual({ auths: { "ghcr.io": { auth: "cm9ib3Q6eA==" } } });
});

describe("ClusterAddons", () => {
  const namespaces = ["cloudflared", "demo", "nvidia-device-plugin", "ollama"];
  const inventory = [
    [tokens.clusterAddons, "core"],
    ["kubernetes:apps/v1:DaemonSet", "core-nvidia-device-plugin"],
    ...namespaces.map((name) => ["kubernetes:core/v1:Namespace", `core-${name}`]),
    ...namespaces.map((name) => ["kubernetes:core/v1:ResourceQuota", `core-${name}-quota`]),
    ...namespaces.map((name) => ["kubernetes:core/v1:Secret", `core-${name}-registry`]),
    ...namespaces.map((name) => ["kubernetes:networking.k8s.io/v1:NetworkPolicy", `core-${name}-default-deny`]),
    ["kubernetes:node.k8s.io/v1:RuntimeClass", "core-nvidia-runtime"],
  ];

  test.each([false, true])("identity, preview %s", async (preview) => {
    const { registrations } = await record(create(credentials), { preview });
    expect(registrations.map(({ type, name }) => [type, name]).sort()).toEqual(inventory);
  });

  test("without a registry there are no secrets", async () => {
    const { registrations } = await record(create());
    expect(registrations.map(({ type }) => type)).not.toContain("kubernetes:core/v1:Secret");
  });

  test("credentials are secret, and nowhere but in the secrets", async () => {
    const { registrations } = await record(create(credentials));
    const secrets = registrations.filter(({ type }) => type === "kubernetes:core/v1:Secret");
    expect(secrets.map(({ secrets: paths }) => paths)).toEqual(secrets.map(() => ["stringData"]));
    expect(secrets.map(({ inputs }) => inputs["stringData"])).toEqual(
      secrets.map(() => ({ ".dockerconfigjson": dockerConfig("ghcr.io", credentials) })),
    );
    const others = JSON.stringify(registrations.filter(({ type }) => type !== "kubernetes:core/v1:Secret"));
    expect(others).not.toContain(credentials);
    expect(others).not.toContain(Buffer.from(credentials).toString("base64"));
  });

  test("everything in a namespace names it by the namespace that was made", async () => {
    const { one } = await record(create(credentials));
    const places = ["NetworkPolicy", "ResourceQuota", "Secret"].map((kind) => {
      const suffix = { NetworkPolicy: "default-deny", ResourceQuota: "quota", Secret: "registry" }[kind];
      const group = kind === "NetworkPolicy" ? "networking.k8s.io" : "core";
      return one(`kubernetes:${group}/v1:${kind}`, `core-ollama-${suffix}`).inputs["metadata"];
    });
    expect(places).toEqual([
      { name: "default-deny", namespace: "ollama" },
      { name: "quota", namespace: "ollama" },
      { name: "registry", namespace: "ollama" },
    ]);
  });

  test("the quota allows the declared GPUs, no load balancer, no node port", async () => {
    const { one } = await record(create());
    expect(one("kubernetes:core/v1:ResourceQuota", "core-ollama-quota").inputs["spec"]).toEqual({
      hard: { "requests.nvidia.com/gpu": "1", "services.loadbalancers": "0", "services.nodeports": "0" },
    });
  });

  test("the plugin runs on GPU nodes only, pinned, with the nvidia runtime", async () => {
    const { one } = await record(create());
    const { inputs } = one("kubernetes:apps/v1:DaemonSet");
    expect(inputs["spec"]).toMatchObject({
      template: { spec: { nodeSelector: { "nvidia.com/gpu.present": "true" }, runtimeClassName: "nvidia" } },
    });
    expect(JSON.stringify(inputs)).toMatch(/"image":"nvcr\.io\/nvidia\/k8s-device-plugin:v\d+\.\d+\.\d+"/);
  });

  test("refuses a registry without credentials", async () => {
    await expect(record(() => new ClusterAddons("core", { cluster: core, apps, gpus: 0 }))).rejects.toThrow(
      'ClusterAddons "core" has 1 problem:\n' +
        '  registryCredentials: is missing, expected "user:token" for ghcr.io: give it, or name no registry',
    );
  });
});
