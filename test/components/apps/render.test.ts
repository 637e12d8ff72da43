import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderChart, type RenderRequest } from "../../../components/apps/chart/render";

/** Rendering and its cache, with the real helm from PATH. */

let home: string;
let chart: string;
let cacheDirectory: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "estate-render-"));
  chart = join(home, "chart");
  cacheDirectory = join(home, "cache");
  mkdirSync(join(chart, "templates"), { recursive: true });
  writeFileSync(join(chart, "Chart.yaml"), "apiVersion: v2\nname: small\nversion: 0.1.0\n");
  template("{{ .Values.word }} {{ .Capabilities.KubeVersion.Version }} {{ .Release.Namespace }}");
});

afterEach(() => {
  rmSync(home, { recursive: true });
});

function template(data: string): void {
  const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}"}\ndata: {word: "${data}"}\n`;
  writeFileSync(join(chart, "templates", "map.yaml"), text);
}

function render(change: Partial<RenderRequest> = {}, helm = "helm") {
  const request = {
    chart,
    release: "app",
    namespace: "apps",
    kubernetesVersion: "1.34.3",
    values: { word: "hello" },
    ...change,
  };
  return renderChart(request, { cacheDirectory, helm });
}

const rendered = (name: string, word: string) => [
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { word } },
];

test("renders with the values, the release, the namespace and the Kubernetes version", () => {
  expect(render()).toEqual(rendered("app", "hello v1.34.3 apps"));
});

test.each<[string, Partial<RenderRequest>, string, string]>([
  ["values", { values: { word: "bye" } }, "app", "bye v1.34.3 apps"],
  ["the release", { release: "other" }, "other", "hello v1.34.3 apps"],
  ["the namespace", { namespace: "place" }, "app", "hello v1.34.3 place"],
  ["the Kubernetes version", { kubernetesVersion: "1.33.0" }, "app", "hello v1.33.0 apps"],
])("renders again when %s changed", (_, change, name, word) => {
  render();
  expect(render(change)).toEqual(rendered(name, word));
  expect(readdirSync(cacheDirectory)).toHaveLength(2);
});

test("renders again when a file of the chart changed", () => {
  render();
  template("changed");
  expect(render()).toEqual(rendered("app", "changed"));
});

test("answers from the cache when nothing changed", () => {
  render();
  const [file = ""] = readdirSync(cacheDirectory);
  writeFileSync(join(cacheDirectory, file), JSON.stringify(rendered("cached", "")));
  expect(render()).toEqual(rendered("cached", ""));
});

test("replaces a damaged cache file", () => {
  render();
  const [file = ""] = readdirSync(cacheDirectory);
  writeFileSync(join(cacheDirectory, file), '[{"apiVersion":');
  expect(render()).toEqual(rendered("app", "hello v1.34.3 apps"));
  expect(render()).toEqual(rendered("app", "hello v1.34.3 apps"));
});

test("works without a cache that can be written", () => {
  writeFileSync(cacheDirectory, "a file, not a directory");
  expect(render()).toEqual(rendered("app", "hello v1.34.3 apps"));
});

test("leaves hooks and tests out", () => {
  const hook = 'apiVersion: v1\nkind: Pod\nmetadata: {name: check, annotations: {"helm.sh/hook": HOOK}}\n';
  for (const kind of ["test", "pre-install"])
    writeFileSync(join(chart, "templates", `${kind}.yaml`), hook.replace("HOOK", kind));
  expect(render().map(({ kind }) => kind)).toEqual(["ConfigMap"]);
});

test("brings the chart's definitions", () => {
  mkdirSync(join(chart, "crds"));
  const definition =
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.org}\n";
  writeFileSync(join(chart, "crds", "widgets.yaml"), definition);
  expect(render().map(({ kind }) => kind)).toEqual(["CustomResourceDefinition", "ConfigMap"]);
});

test("says that helm is missing", () => {
  expect(() => render({}, "helm-that-is-not-there")).toThrow(
    `chart ${chart}: helm-that-is-not-there was not found\n  remedy: put helm 3 on PATH; the project's make targets bring their own`,
  );
});

test("says what helm said", () => {
  template('{{ required \\"a word is needed\\" .Values.other }}');
  writeFileSync(join(chart, "templates", "map.yaml"), 'a: {{ required "a word is needed" .Values.other }}\n');
  expect(() => render()).toThrow(
    `chart ${chart}: helm refuses it\n    Error: execution error at (small/templates/map.yaml:1:6): a word is needed` +
      "\n    \n    Use --debug flag to render out invalid YAML\n  remedy: correct the values or the chart",
  );
});

test("says that there is no chart", () => {
  const nowhere = join(home, "nowhere");
  expect(() => render({ chart: nowhere })).toThrow(
    `chart ${nowhere}: ${nowhere} has no Chart.yaml\n  remedy: name a chart of charts/, or the path of one`,
  );
});
