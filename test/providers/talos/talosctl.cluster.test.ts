import { parse } from "yaml";

import { messageOf, type Resource, text } from "../support";

import type { Rule } from "./fakeTalosctl";
import { Authority, FakeKubernetes } from "./kubernetes";
import { client, clientConfiguration, engine, fake } from "./talosctl";

// Against a fake talosctl and a Kubernetes API that is real HTTPS with certificates made for this run.

const type = "talos:index:Cluster";
const args = {
  clusterName: "core",
  bootstrapNode: "10.0.0.11",
  endpoint: "10.0.0.10",
  nodes: ["10.0.0.11"],
  clientConfiguration,
};
let api: FakeKubernetes;
const gives = (kubeconfig: string): Rule => ({
  on: "kubeconfig",
  writes: { after: "kubeconfig", text: kubeconfig },
});
const make = async (days?: number): Promise<Resource> => {
  fake.rules({ on: "bootstrap" }, gives(await api.kubeconfig(days)));
  return engine.create(type, args);
};

beforeEach(async () => {
  api = await FakeKubernetes.start();
});

afterEach(() => api.stop());

test("is bootstrapped, there once its API is ready, and lives until it is forgotten", async () => {
  const made = await make();
  expect(made.id).toBe("core");
  expect([...made.secrets].sort()).toEqual(["clientConfiguration", "kubeconfig", "talosconfig"]);
  expect(fake.lines()).toEqual([`bootstrap ${client}`, `kubeconfig TMP/kubeconfig --force --merge=false ${client}`]);
  expect(api.asked).toEqual(["GET /readyz"]);
  fake.rules();
  expect(await engine.drift(type, made)).toEqual([]);
  const larger = await engine.update(type, made, { ...args, nodes: ["10.0.0.11", "10.0.0.12"] });
  expect(parse(text(larger, "talosconfig"))).toMatchObject({
    contexts: { core: { endpoints: ["10.0.0.11"], nodes: ["10.0.0.11", "10.0.0.12"] } },
  });
  await engine.delete(type, larger);
  expect(fake.lines()).toEqual([]);
  expect(await messageOf(engine.import(type, "core"))).toBe(
    "The cluster core cannot be read without its clientConfiguration, which an import does not have. " +
      "Declare it and run up: a cluster that was bootstrapped is not bootstrapped again.",
  );
});

test("is asked at the endpoint of its first node, where one is given", async () => {
  fake.rules({ on: "bootstrap" }, gives(await api.kubeconfig()));
  const made = await engine.create(type, { ...args, bootstrapEndpoint: "127.0.0.1:50001" });
  expect(fake.lines()[0]).toBe(
    client.replace("--endpoints 10.0.0.11", "--endpoints 127.0.0.1:50001").replace(/^/, "bootstrap "),
  );
  expect(parse(text(made, "talosconfig"))).toMatchObject({ contexts: { core: { endpoints: ["127.0.0.1:50001"] } } });
});

test("that a killed run bootstrapped is not bootstrapped again", async () => {
  const fails = "rpc error: code = AlreadyExists desc = etcd data directory is not empty";
  fake.rules({ on: "bootstrap", fails }, gives(await api.kubeconfig()));
  expect(await engine.create(type, args)).toMatchObject({ id: "core" });
});

test("is waited for while its API begins; one that never does is an error with what to do, and the next run goes on", async () => {
  api.answers = { "GET /readyz": [500, "[-]etcd failed: reason withheld"] };
  expect(await messageOf(make())).toBe(
    `bootstrapping core: etcd has begun, but the Kubernetes API of core at ${api.url} is not ready: it answers 500: ` +
      "[-]etcd failed: reason withheld. Nothing is lost: see what the control planes say (talosctl health, talosctl dmesg), " +
      "put that right and run up again, which goes on from here.",
  );
  expect(api.asked).toHaveLength(3);
  api.answers = { "GET /readyz": [200, "ok"] };
  expect(await make()).toMatchObject({ id: "core" });
});

test("whose API does not answer is an error, not gone", async () => {
  const made = await make();
  const { url } = api;
  await api.stop();
  expect(await messageOf(engine.read(type, made))).toBe(
    `the Kubernetes API of core at ${url} is unreachable: connect ECONNREFUSED ${url.replace("https://", "")}`,
  );
});

test("another server at its address is told from it, and nothing is sent there", async () => {
  const strangers = await FakeKubernetes.start();
  fake.rules({ on: "bootstrap" }, gives(await api.kubeconfig(365, { url: strangers.url })));
  expect(await messageOf(engine.create(type, args))).toMatch(
    /but the server at \S+ is not the Kubernetes API of core: its certificate \(certificate signature failure\) is not one that the cluster's own authority signed for this address\. Nothing was sent to it; see who has the address\./,
  );
  expect(strangers.asked).toEqual([]);
  await strangers.stop();
});

test("a client that the API does not know is an error with its words", async () => {
  const other = await FakeKubernetes.start(await Authority.create());
  fake.rules({ on: "bootstrap" }, gives(await api.kubeconfig(365, { url: other.url, ca: other.authority.ca })));
  expect(await messageOf(engine.create(type, args))).toContain("refuses GET /readyz with 401: Unauthorized");
  await other.stop();
});

test("a kubeconfig that ends within thirty days shows as a change, and is fetched anew", async () => {
  const lasting = await make();
  expect((await engine.diff(type, lasting, args)).changed).toEqual([]);
  expect(Date.parse(text(lasting, "kubeconfigExpires")) - Date.now()).toBeGreaterThan(364 * 86_400_000);
  const ending = await make(29);
  expect(await engine.diff(type, ending, args)).toMatchObject({ changed: ["kubeconfigExpires"], replaces: [] });
  fake.rules(gives(await api.kubeconfig()));
  const renewed = await engine.update(type, ending, args);
  expect(renewed.outputs["kubeconfig"]).not.toBe(ending.outputs["kubeconfig"]);
  expect((await engine.diff(type, renewed, args)).changed).toEqual([]);
});

test("a client that was renewed renews the kubeconfig with it", async () => {
  const made = await make();
  const { crt, key } = await api.authority.issue();
  const base64 = (pem: string): string => Buffer.from(pem).toString("base64");
  const renewed = { ...clientConfiguration, crt: base64(crt), key: base64(key) };
  fake.rules(gives(await api.kubeconfig()));
  const again = await engine.update(type, made, { ...args, clientConfiguration: renewed });
  expect(again.outputs["kubeconfig"]).not.toBe(made.outputs["kubeconfig"]);
  expect(Date.parse(text(again, "talosconfigExpires")) - Date.now()).toBeGreaterThan(364 * 86_400_000);
});
