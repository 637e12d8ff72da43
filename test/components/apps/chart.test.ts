import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import { Chart } from "../../../components/apps/chart/chart";
import { tokens } from "../../../components/tokens";
import { record } from "../../support/record";

/** The component, by mocks: what it registers. That a cluster takes it, and in which order, is for the engine's tests. */

let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "estate-chart-"));
});

afterAll(() => {
  rmSync(home, { recursive: true });
});

const rendering = () => ({ cacheDirectory: join(home, "cache") });

function chartOf(name: string, files: Record<string, string>): string {
  const directory = join(home, name);
  for (const [path, text] of Object.entries({
    "Chart.yaml": `apiVersion: v2\nname: ${name}\nversion: 0.1.0\n`,
    ...files,
  })) {
    mkdirSync(join(directory, path, ".."), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

const demo = () =>
  new Chart("front", { chart: "demo", namespace: "apps", kubernetesVersion: "1.34.3", rendering: rendering() });

const inventory = [
  [tokens.chart, "front"],
  ["kubernetes:yaml:ConfigGroup", "front-objects"],
  ["kubernetes:core/v1:ServiceAccount", "front-objects-apps/front"],
  ["kubernetes:core/v1:Service", "front-objects-apps/front"],
  ["kubernetes:policy/v1:PodDisruptionBudget", "front-objects-apps/front"],
  ["kubernetes:networking.k8s.io/v1:NetworkPolicy", "front-objects-apps/front"],
  ["kubernetes:apps/v1:Deployment", "front-objects-apps/front"],
].sort();

test.each([false, true])("identity: every object is a resource, preview %s", async (preview) => {
  const { registrations } = await record(demo, { preview });
  expect(registrations.map(({ type, name }) => [type, name]).sort()).toEqual(inventory);
});

test("a preview of a cluster that does not exist yet lists the same", async () => {
  const { registrations } = await record(
    () => {
      // The id of a resource that is still to be created: unknown in a preview.
      const cluster = new kubernetes.core.v1.Namespace("later");
      const kubeconfig = cluster.id.apply((id) => `kubeconfig of ${id}`);
      const provider = new kubernetes.Provider("later-cluster", { kubeconfig });
      return new Chart(
        "front",
        { chart: "demo", namespace: "apps", kubernetesVersion: "1.34.3", rendering: rendering() },
        { provider },
      );
    },
    { preview: true },
  );
  const listed = registrations.filter(({ name }) => name.startsWith("front")).map(({ type, name }) => [type, name]);
  expect(listed.sort()).toEqual(inventory);
});

test("wiring: objects carry what was rendered", async () => {
  const { one } = await record(
    () =>
      new Chart("front", {
        chart: "demo",
        namespace: "apps",
        kubernetesVersion: "1.34.3",
        values: { replicas: 5 },
        release: "web",
        rendering: rendering(),
      }),
  );
  expect(one("kubernetes:apps/v1:Deployment").inputs).toMatchObject({
    metadata: { name: "web", namespace: "apps" },
    spec: { replicas: 5 },
  });
});

test("what is recorded names no place of this machine", async () => {
  const { registrations } = await record(demo);
  expect(JSON.stringify(registrations)).not.toContain(home);
});

test("two charts of one kind do not collide", async () => {
  const { registrations } = await record(() =>
    ["one", "two"].map(
      (name) =>
        new Chart(name, { chart: "demo", namespace: "apps", kubernetesVersion: "1.34.3", rendering: rendering() }),
    ),
  );
  expect(registrations.filter(({ type }) => type === "kubernetes:apps/v1:Deployment").map(({ name }) => name)).toEqual([
    "one-objects-apps/one",
    "two-objects-apps/two",
  ]);
});

test("definitions come first, in a group of their own", async () => {
  const chart = chartOf("widgets", {
    "crds/widgets.yaml":
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.org}\nspec: {scope: Namespaced, names: {kind: Widget}}\n",
    "templates/widget.yaml": "apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: one}\n",
  });
  const { registrations } = await record(
    () => new Chart("w", { chart, namespace: "apps", kubernetesVersion: "1.34.3", rendering: rendering() }),
  );
  expect(registrations.filter(({ custom }) => custom).map(({ type, name }) => [type, name])).toEqual([
    ["kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "w-definitions-widgets.example.org"],
    ["kubernetes:example.org/v1:Widget", "w-objects-apps/one"],
  ]);
});

test("refuses everything wrong at once", async () => {
  const map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice}\n";
  const chart = chartOf("bad", {
    "templates/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {password: in-clear}\n",
    "templates/maps.yaml": `${map}---\n${map}`,
  });
  await expect(
    record(() => new Chart("bad", { chart, namespace: "apps", kubernetesVersion: "1.34.3", rendering: rendering() })),
  ).rejects.toThrow(
    'Chart "bad" has 2 problems:\n' +
      "  ConfigMap/twice in apps: is in the chart twice: give one of the two another name\n" +
      "  Secret/key in apps: has data from the chart, which would be in clear in the state: create the secret beside the chart and name it in its values",
  );
});

test("says what helm said, without a stack", async () => {
  const failing = record(
    () =>
      new Chart("front", {
        chart: "demo",
        namespace: "apps",
        kubernetesVersion: "1.34.3",
        values: { replica: 1 },
        rendering: rendering(),
      }),
  );
  await expect(failing).rejects.toMatchObject({
    hideStack: true,
    message:
      "chart demo: helm refuses it\n" +
      "    Error: values don't meet the specifications of the schema(s) in the following chart(s):\n" +
      "    demo:\n" +
      "    - at '': additional properties 'replica' not allowed\n" +
      "  remedy: correct the values or the chart",
  });
});
