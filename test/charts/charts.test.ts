import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { chartProblems, planChart } from "../../components/apps/chart/chart.plan";
import type { Json, KubernetesObject } from "../../components/apps/chart/objects";
import { chartDirectory, renderChart } from "../../components/apps/chart/render";

/**
 * The estate's own charts, as helm renders them. Needs helm on PATH, as `make test` has it. That a cluster takes the objects and
 * that the images exist is not proven here.
 */

type Values = { readonly [key: string]: Json };

const cases: readonly [string, Values][] = [
  ["demo", {}],
  [
    "demo",
    { access: { namespaces: ["cloudflared"], cidrs: ["192.168.10.0/24"] }, imagePullSecrets: [{ name: "registry" }] },
  ],
  ["ollama", {}],
  ["ollama", { gpus: 1, models: ["llama3.2:1b"], access: { namespaces: [], cidrs: ["192.168.10.0/24"] } }],
  ["cloudflared", {}],
  ["cloudflared", { targets: [{ namespace: "demo", port: 8080 }] }],
];

let cacheDirectory: string;

beforeAll(() => {
  cacheDirectory = mkdtempSync(join(tmpdir(), "estate-charts-"));
});

afterAll(() => {
  rmSync(cacheDirectory, { recursive: true });
});

function render(chart: string, values: Values = {}): readonly KubernetesObject[] {
  const request = { chart, release: chart, namespace: "place", kubernetesVersion: "1.34.3", values };
  const plan = planChart(renderChart(request, { cacheDirectory }), "elsewhere");
  expect(chartProblems(plan)).toEqual([]);
  return [...plan.definitions, ...plan.objects];
}

const securityContext = z.looseObject({
  allowPrivilegeEscalation: z.literal(false),
  readOnlyRootFilesystem: z.literal(true),
  capabilities: z.strictObject({ drop: z.tuple([z.literal("ALL")]) }),
});

const initContainer = z.looseObject({
  // A registry, a name and an exact tag.
  image: z.string().regex(/^[a-z0-9.-]+\.[a-z]+\/[a-z0-9._/-]+:\d[A-Za-z0-9._-]*$/),
  securityContext,
  resources: z.looseObject({
    requests: z.looseObject({ cpu: z.string(), memory: z.string() }),
    limits: z.looseObject({ memory: z.string() }),
  }),
});

const container = initContainer.extend({
  readinessProbe: z.looseObject({ httpGet: z.unknown() }),
  livenessProbe: z.looseObject({ httpGet: z.unknown() }),
});

const workload = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        automountServiceAccountToken: z.literal(false),
        serviceAccountName: z.string(),
        runtimeClassName: z.string().optional(),
        securityContext: z.looseObject({
          runAsNonRoot: z.literal(true),
          runAsUser: z.int().min(1),
          seccompProfile: z.strictObject({ type: z.literal("RuntimeDefault") }),
        }),
        hostNetwork: z.undefined().optional(),
        hostPID: z.undefined().optional(),
        initContainers: z.array(initContainer).optional(),
        containers: z.array(container).min(1),
        volumes: z.array(z.strictObject({ name: z.string(), emptyDir: z.unknown() })).optional(),
      }),
    }),
  }),
});

const isWorkload = ({ kind }: KubernetesObject) => kind === "Deployment" || kind === "StatefulSet";

describe.each(cases)("chart %s with %j", (chart, values) => {
  test("every object names the release's namespace", () => {
    expect(new Set(render(chart, values).map(({ metadata }) => metadata.namespace))).toEqual(new Set(["place"]));
  });

  test("its workload is restricted, limited, probed and pinned", () => {
    const workloads = render(chart, values).filter(isWorkload);
    expect(workloads.map((object) => workload.safeParse(object).error?.message)).toEqual([undefined]);
  });

  test("its pods are behind a network policy for both directions", () => {
    const policies = render(chart, values).filter(({ kind }) => kind === "NetworkPolicy");
    expect(policies.map(({ spec }) => spec)).toEqual([expect.objectContaining({ policyTypes: ["Ingress", "Egress"] })]);
  });
});

test("there is a case for every chart", () => {
  expect(new Set(cases.map(([chart]) => chart))).toEqual(new Set(readdirSync(chartDirectory("demo") + "/..")));
});

test.each([
  ["demo", ["Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"]],
  ["ollama", ["NetworkPolicy", "Service", "ServiceAccount", "StatefulSet"]],
  ["cloudflared", ["Deployment", "NetworkPolicy", "PodDisruptionBudget", "ServiceAccount"]],
])("inventory of %s", (chart, kinds) => {
  expect(render(chart).map(({ kind }) => kind)).toEqual(kinds);
});

test.each(["demo", "ollama", "cloudflared"])("helm lint finds nothing in %s", (chart) => {
  const said = execFileSync("helm", ["lint", "--strict", chartDirectory(chart)], { encoding: "utf8" });
  expect(said).toContain("1 chart(s) linted, 0 chart(s) failed");
});

describe("access", () => {
  const ingress = (values: Values) =>
    render("demo", values)
      .filter(({ kind }) => kind === "NetworkPolicy")
      .map(({ spec }) => z.looseObject({ ingress: z.unknown() }).parse(spec).ingress);

  test("nobody comes in by default", () => {
    expect(ingress({})).toEqual([[]]);
  });

  test("the named namespaces and networks come in, on the service's port", () => {
    expect(ingress({ access: { namespaces: ["cloudflared"], cidrs: ["10.0.0.0/8"] } })).toEqual([
      [
        {
          ports: [{ port: "http", protocol: "TCP" }],
          from: [
            { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "cloudflared" } } },
            { ipBlock: { cidr: "10.0.0.0/8" } },
          ],
        },
      ],
    ]);
  });
});

describe("ollama", () => {
  const podOf = (values: Values) => workload.parse(render("ollama", values).find(isWorkload)).spec.template.spec;

  test("asks for no GPU and pulls nothing by default", () => {
    const pod = podOf({});
    expect([pod.runtimeClassName, pod.initContainers]).toEqual([undefined, undefined]);
    expect(pod.containers[0]?.resources.limits).toEqual({ memory: "8Gi" });
  });

  test("asks for GPUs in the limits, with the nvidia runtime", () => {
    const pod = podOf({ gpus: 2 });
    expect(pod.runtimeClassName).toBe("nvidia");
    expect(pod.containers[0]?.resources.limits).toEqual({ memory: "8Gi", "nvidia.com/gpu": 2 });
  });

  test("hands models to the shell as arguments, never as part of the script", () => {
    const [pull] = podOf({ models: ["llama3.2:1b", "qwen3:8b"] }).initContainers ?? [];
    expect(pull).toMatchObject({
      command: ["/bin/sh", "-ec"],
      args: [expect.stringContaining('"$@"'), "pull-models", "llama3.2:1b", "qwen3:8b"],
    });
  });
});

describe("cloudflared", () => {
  test("takes its token from the secret, by name", () => {
    const pods = render("cloudflared", { tokenSecret: { name: "tunnel-token", key: "token" } }).filter(isWorkload);
    const [connector] = workload.parse(pods[0]).spec.template.spec.containers;
    expect(connector?.["env"]).toEqual([
      { name: "TUNNEL_TOKEN", valueFrom: { secretKeyRef: { name: "tunnel-token", key: "token" } } },
    ]);
  });
});

test.each<[string, Values, string]>([
  ["demo", { image: { tag: "latest" } }, "- at '/image/tag': 'not' failed"],
  ["demo", { replica: 3 }, "- at '': additional properties 'replica' not allowed"],
  ["demo", { access: { cidrs: ["everywhere"] } }, "- at '/access/cidrs/0': 'everywhere' does not match pattern"],
  ["ollama", { models: ["a; rm -rf /"] }, "- at '/models/0': 'a; rm -rf /' does not match pattern"],
  ["cloudflared", { token: "in-clear" }, "- at '': additional properties 'token' not allowed"],
])("values of %s are strict: %j", (chart, values, complaint) => {
  expect(() => render(chart, values)).toThrow(complaint);
});
