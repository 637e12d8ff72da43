import { modelsOf } from "../../../lab/simulator/models";
import { Secret, type PropertyMap } from "../../../lab/simulator/values";
import { objectsOf } from "../../../lab/world";
import { Conversation, urnOf } from "./conversation";

const kubeconfig = (server: string): string => `apiVersion: v1
kind: Config
current-context: admin@core
contexts:
  - name: admin@core
    context: { cluster: core, user: admin }
clusters:
  - name: other
    cluster: { server: "https://10.9.9.9:6443" }
  - name: core
    cluster: { server: "${server}" }
`;

let engine: Conversation;
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

beforeEach(async () => {
  engine = new Conversation("kubernetes");
  await engine.start();
  await engine.configure({ kubeconfig: new Secret(kubeconfig("https://10.0.0.1:6443")) });
});

afterEach(() => {
  engine.stop();
});

const object = (kind: string, metadata: PropertyMap, more: PropertyMap = {}): PropertyMap => ({
  apiVersion: "v1",
  kind,
  metadata,
  ...more,
});
const type = (kind: string) => `kubernetes:core/v1:${kind}`;
const make = (kind: string, name: string, metadata: PropertyMap, more: PropertyMap = {}) =>
  engine.create(urnOf(type(kind), name), object(kind, metadata, more));

test("an object gets what the API server gives", async () => {
  const { id, state } = await make("ConfigMap", "cm", { name: "cm", labels: { a: "b" } }, { data: { k: "v" } });
  expect(id).toBe("default/cm");
  expect(state).toEqual({
    apiVersion: "v1",
    kind: "ConfigMap",
    data: { k: "v" },
    metadata: {
      creationTimestamp: "2026-01-01T00:00:00Z",
      generation: 1,
      labels: { a: "b" },
      name: "cm",
      namespace: "default",
      resourceVersion: like(/^\d+$/),
      uid: like(/^[0-9a-f-]{36}$/),
    },
  });
});

test("a second version follows an update", async () => {
  const urn = urnOf(type("ServiceAccount"), "sa");
  const inputs = object("ServiceAccount", { name: "sa" });
  const { state } = await engine.create(urn, inputs);
  const updated = await engine.update(
    urn,
    "default/sa",
    state,
    object("ServiceAccount", { name: "sa", labels: { a: "b" } }),
  );
  expect(updated["metadata"]).toMatchObject({ generation: 2, labels: { a: "b" } });
});

test("a name is made up, marked, and kept", async () => {
  const urn = urnOf(type("ConfigMap"), "cm");
  const { inputs } = await engine.check(urn, object("ConfigMap", {}));
  expect(inputs["metadata"]).toEqual({ name: "cm-0123456", annotations: { "pulumi.com/autonamed": "true" } });
  const old = object("ConfigMap", { name: "cm-fedcba9", annotations: { "pulumi.com/autonamed": "true" } });
  expect((await engine.check(urn, object("ConfigMap", {}), old)).inputs["metadata"]).toMatchObject({
    name: "cm-fedcba9",
  });
});

test("what replaces deletes first only when the name is the program's own", async () => {
  const urn = urnOf(type("ConfigMap"), "cm");
  const annotations = { "pulumi.com/autonamed": "true" };
  const before = object("ConfigMap", { name: "cm" }, { data: { k: "1" } });
  const after = object("ConfigMap", { name: "cm" }, { data: { k: "2" } });
  expect(await engine.diff(urn, "default/cm", before, before, after)).toMatchObject({
    replaces: ["data"],
    first: true,
  });
  const named = (data: PropertyMap) => object("ConfigMap", { name: "cm-1", annotations }, { data });
  expect(await engine.diff(urn, "x", named({ k: "1" }), named({ k: "1" }), named({ k: "2" }))).toMatchObject({
    replaces: ["data"],
    first: false,
  });
  const moved = object("ConfigMap", { name: "cm", namespace: "other" }, { data: { k: "1" } });
  expect(await engine.diff(urn, "x", before, before, moved)).toMatchObject({ replaces: ["metadata"], first: false });
});

test("a namespace must be there, and takes what is in it with it", async () => {
  await expect(make("ConfigMap", "cm", { name: "cm", namespace: "demo" })).rejects.toThrow(
    new Error('namespaces "demo" not found'),
  );
  await make("Namespace", "ns", { name: "demo" });
  await make("ConfigMap", "cm", { name: "cm", namespace: "demo" });
  await make("ConfigMap", "kept", { name: "cm" });
  await engine.delete(urnOf(type("Namespace"), "ns"), "demo", object("Namespace", { name: "demo" }));
  expect(Object.keys(objectsOf(engine.world.read(), type("ConfigMap")))).toEqual(["10.0.0.1:6443/default/cm"]);
});

test("a custom resource needs its definition, which says whether it has a namespace", async () => {
  const custom = { apiVersion: "example.com/v1", kind: "Task", metadata: { name: "t" } };
  const urn = urnOf("kubernetes:example.com/v1:Task", "t");
  await expect(engine.create(urn, custom)).rejects.toThrow(
    new Error(
      "creation of resource default/t failed because the Kubernetes API server reported that the apiVersion for this resource does not exist. " +
        'Verify that any required CRDs have been created: no matches for kind "Task" in version "example.com/v1"',
    ),
  );
  const definition = { group: "example.com", names: { kind: "Task" }, scope: "Cluster" };
  const crd = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "tasks.example.com" },
    spec: definition,
  };
  await engine.create(urnOf("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "crd"), crd);
  expect((await engine.create(urn, custom)).id).toBe("t");
});

test("two clusters keep apart what has the same name", async () => {
  await make("ConfigMap", "cm", { name: "cm" });
  await engine.start();
  await engine.configure({ kubeconfig: kubeconfig("https://10.0.0.2:6443") });
  expect(
    (await engine.read(urnOf(type("ConfigMap"), "cm"), "default/cm", {}, object("ConfigMap", { name: "cm" }))).id,
  ).toBe("");
  await make("ConfigMap", "other", { name: "cm" });
  expect(Object.keys(objectsOf(engine.world.read(), type("ConfigMap")))).toEqual([
    "10.0.0.1:6443/default/cm",
    "10.0.0.2:6443/default/cm",
  ]);
});

test("another cluster makes another provider, another user of it does not", async () => {
  const at = (server: string, user = "") => ({ kubeconfig: kubeconfig(server) + user });
  expect((await engine.diffConfig(at("https://a:1"), at("https://b:1"))).replacesList).toEqual(["kubeconfig"]);
  const same = await engine.diffConfig(at("https://a:1"), at("https://a:1", "users: []\n"));
  expect([same.diffsList, same.replacesList]).toEqual([["kubeconfig"], []]);
});

test("a kubeconfig that names no server is refused", async () => {
  await engine.configure({ kubeconfig: "kind: Config" });
  await expect(make("ConfigMap", "cm", { name: "cm" })).rejects.toThrow(
    new Error("failed to parse kubeconfig: its current context names no cluster with a server"),
  );
});

test("stringData becomes data, secret both", async () => {
  const { state } = await make("Secret", "s", { name: "s" }, { stringData: new Secret({ token: "hunter2" }) });
  expect(state["data"]).toEqual(new Secret({ token: Buffer.from("hunter2").toString("base64") }));
  expect(JSON.stringify(engine.world.read())).not.toMatch(/hunter2|aHVudGVyMg/);
});

test.each<[string, PropertyMap, Record<string, unknown>]>([
  ["ClusterIP", {}, { clusterIP: like(/^10\.96\./), type: "ClusterIP" }],
  ["headless", { clusterIP: "None" }, { clusterIP: "None" }],
  ["ExternalName", { type: "ExternalName" }, { type: "ExternalName" }],
])("a service: %s", async (_, spec, expected) => {
  const { state } = await make("Service", "s", { name: "s" }, { spec });
  expect(state["spec"]).toMatchObject(expected);
});

test("a load balancer has an address", async () => {
  const { state } = await make(
    "Service",
    "s",
    { name: "s" },
    { spec: { type: "LoadBalancer", ports: [{ port: 80 }] } },
  );
  expect(state["status"]).toMatchObject({ loadBalancer: { ingress: [{ ip: like(/^192\.0\.2\./) }] } });
});

test("importing leaves out what the API server adds", async () => {
  await make("ConfigMap", "cm", { name: "cm" }, { data: { k: "v" } });
  const { inputs } = await engine.read(urnOf(type("ConfigMap"), "cm"), "default/cm");
  expect(inputs).toEqual({
    apiVersion: "v1",
    kind: "ConfigMap",
    data: { k: "v" },
    metadata: { name: "cm", namespace: "default" },
  });
});

test("YAML is decoded: documents, lists, dates, the default namespace", async () => {
  const text =
    "kind: ConfigMap\nmetadata: {name: a}\n---\n---\nkind: List\nitems: [{kind: Namespace, metadata: {name: b}}]\n";
  expect(await engine.invoke("kubernetes:yaml:decode", { text, defaultNamespace: "demo" })).toEqual({
    result: [
      { kind: "ConfigMap", metadata: { name: "a", namespace: "demo" } },
      { kind: "Namespace", metadata: { name: "b" } },
    ],
  });
});

test("a package nobody lists has no models, and echoes", () => {
  expect(modelsOf("netbird").resource("netbird:index/acl:Acl")).toBeUndefined();
});
