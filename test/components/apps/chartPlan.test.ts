import * as fc from "fast-check";
import { chartProblems, describeObject, planChart } from "../../../components/apps/chart/chart.plan";
import { type KubernetesObject, parseObjects } from "../../../components/apps/chart/objects";

/** Pure planning of rendered objects. That ConfigGroup keeps the order is for the component's and the engine's tests. */

function object(kind: string, name: string, more: Record<string, unknown> = {}, namespace?: string): KubernetesObject {
  return { apiVersion: "v1", kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, ...more };
}

const widgets = object("CustomResourceDefinition", "widgets.example.org", {
  apiVersion: "apiextensions.k8s.io/v1",
  spec: { scope: "Cluster", names: { kind: "Widget" } },
});

describe("planChart", () => {
  test.each<[string, KubernetesObject, string | undefined]>([
    ["a namespaced object without a namespace is given one", object("Service", "web"), "apps"],
    ["one with a namespace keeps it", object("Role", "leader", {}, "kube-system"), "kube-system"],
    ["a cluster-scoped object has none", object("ClusterRole", "reader"), undefined],
    ["an unknown kind is taken for namespaced", object("Gadget", "one"), "apps"],
    ["a kind that the chart defines as cluster-scoped has none", object("Widget", "one"), undefined],
  ])("%s", (_, given, namespace) => {
    const planned = planChart([given, widgets], "apps").objects;
    expect(planned.map(({ metadata }) => metadata.namespace)).toEqual([namespace]);
  });

  test("definitions are apart from what they define", () => {
    const { definitions, objects } = planChart([object("Widget", "one"), widgets, object("Service", "web")], "apps");
    expect(definitions.map(describeObject)).toEqual(["CustomResourceDefinition/widgets.example.org"]);
    expect(objects.map(describeObject)).toEqual(["Service/web in apps", "Widget/one"]);
  });

  test("the plan does not depend on the order of the rendered objects", () => {
    const some = [
      widgets,
      object("Service", "a"),
      object("Service", "b"),
      object("Role", "a"),
      object("Role", "a", {}, "b"),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(some, { minLength: some.length }), (shuffled) => {
        expect(planChart(shuffled, "apps")).toEqual(planChart(some, "apps"));
      }),
    );
  });
});

describe("chartProblems", () => {
  const problems = (...objects: KubernetesObject[]) => chartProblems(planChart(objects, "apps"));

  test("finds nothing in a good chart", () => {
    expect(problems(widgets, object("Service", "web"), object("Service", "web", {}, "other"))).toEqual([]);
  });

  test.each(["data", "stringData"])("refuses a secret with %s", (field) => {
    expect(problems(object("Secret", "key", { [field]: { password: "x" } }))).toEqual([
      {
        propertyPath: "Secret/key in apps",
        reason:
          "has data from the chart, which would be in clear in the state: create the secret beside the chart and name it in its values",
      },
    ]);
  });

  test("allows a secret that Kubernetes fills", () => {
    expect(problems(object("Secret", "token", { type: "kubernetes.io/service-account-token", data: {} }))).toEqual([]);
  });

  test("refuses an object that is there twice, also in two versions of its group", () => {
    const scaler = (version: string) =>
      object("HorizontalPodAutoscaler", "web", { apiVersion: `autoscaling/${version}` });
    expect(problems(scaler("v1"), scaler("v2"))).toEqual([
      {
        propertyPath: "HorizontalPodAutoscaler/web in apps",
        reason: "is in the chart twice: give one of the two another name",
      },
    ]);
  });
});

describe("parseObjects", () => {
  test("reads YAML as Kubernetes does", () => {
    const text =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nmode: 0644\non: yes\nports: 22:22\nday: 2026-01-02\n";
    expect(parseObjects(text)).toEqual([
      { ...object("ConfigMap", "a"), mode: 420, true: true, ports: "22:22", day: "2026-01-02" },
    ]);
  });

  test("leaves empty documents out and opens lists", () => {
    const item = (name: string) => `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}`;
    const text = `---\n# nothing\n---\napiVersion: v1\nkind: List\nitems: [${item("a")}, ${item("b")}]\n---\n${item("c")}\n`;
    expect(parseObjects(text).map(describeObject)).toEqual(["ConfigMap/a", "ConfigMap/b", "ConfigMap/c"]);
  });

  test("refuses what is no object", () => {
    expect(() => parseObjects("just: this\n")).toThrow("expected string, received undefined");
  });

  test("nothing is no objects", () => {
    expect(parseObjects("")).toEqual([]);
  });
});
