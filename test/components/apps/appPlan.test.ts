import { appProblems, originUrl, planApp, planTargets } from "../../../components/apps/appPlan/appPlan";
import { planConnector } from "../../../components/apps/tunnelConnector/tunnelConnector.plan";
import type { App, Service } from "../../../stacks/estate";

/** From the spec to chart values. That the charts take them is for apps.test.ts. */

const service: Service = { port: 8080, protocol: "tcp", to: [] };
const open: Service = {
  ...service,
  public: { host: "demo", access: { emailDomains: ["example.org"], session: "12 hours" } },
};
const demo: App = {
  chart: "demo",
  on: "core",
  namespace: "front",
  replicas: 2,
  gpus: 0,
  models: [],
  serves: { web: service },
};
const ollama: App = {
  ...demo,
  chart: "ollama",
  namespace: "models",
  replicas: 1,
  gpus: 1,
  models: ["llama3.2:1b"],
  serves: { api: { port: 11434, protocol: "tcp", to: ["group:admins"] } },
};
const place = { cluster: { kubernetes: "1.34.3" }, routerCidrs: ["192.168.10.0/24"] };

describe("planApp", () => {
  test("a chart without GPUs is given none of their values", () => {
    expect(planApp("demo", demo, place)).toEqual({
      chart: "demo",
      namespace: "front",
      kubernetesVersion: "1.34.3",
      values: { replicas: 2, service: { port: 8080 }, access: { namespaces: [], cidrs: [] }, imagePullSecrets: [] },
    });
  });

  test("GPUs and models go to the chart that has them", () => {
    expect(planApp("ollama", ollama, place).values).toMatchObject({ replicas: 1, gpus: 1, models: ["llama3.2:1b"] });
  });

  test.each<[string, Service, unknown]>([
    ["nobody, when it serves nobody", service, { namespaces: [], cidrs: [] }],
    ["the connector, when it is public", open, { namespaces: ["cloudflared"], cidrs: [] }],
    [
      "the subnet router, when it is on the tailnet",
      { ...service, to: ["tag:core"] },
      { namespaces: [], cidrs: ["192.168.10.0/24"] },
    ],
    [
      "both, when it is both",
      { ...open, to: ["tag:core"] },
      { namespaces: ["cloudflared"], cidrs: ["192.168.10.0/24"] },
    ],
  ])("lets in %s", (_, served, access) => {
    expect(planApp("demo", { ...demo, serves: { web: served } }, place).values).toMatchObject({ access });
  });

  test("pulls with credentials when the cluster has a registry", () => {
    const cluster = { kubernetes: "1.34.3", registry: "ghcr.io" };
    expect(planApp("demo", demo, { ...place, cluster }).values).toMatchObject({
      imagePullSecrets: [{ name: "registry" }],
    });
  });

  test("refuses everything wrong at once", () => {
    const wrong: App = {
      ...demo,
      gpus: 1,
      models: ["llama3.2:1b"],
      serves: { a: { ...service, protocol: "udp" }, b: service },
    };
    expect(() => planApp("demo", wrong, place)).toThrow(
      'app "demo" has 4 problems:\n' +
        '  apps.demo.serves.a.protocol: is "udp", expected "tcp": the charts serve HTTP\n' +
        "  apps.demo.serves: has 2 services, expected one: chart demo has one port\n" +
        "  apps.demo.gpus: is 1, expected 0: chart demo would leave them idle\n" +
        "  apps.demo.models: names llama3.2:1b, expected none: chart demo would leave them idle",
    );
  });

  test("an app that serves nothing is refused", () => {
    expect(appProblems("demo", { ...demo, serves: {} })).toEqual([
      { propertyPath: "apps.demo.serves", reason: "has 0 services, expected one: chart demo has one port" },
    ]);
  });
});

describe("planTargets", () => {
  test("are the public services, by the port of the pods, whatever the service's", () => {
    const shown: App = { ...demo, serves: { web: { ...open, port: 80 } } };
    expect(planTargets({ zoo: { ...shown, namespace: "zoo" }, ollama, demo: shown })).toEqual([
      { namespace: "front", port: 8080 },
      { namespace: "zoo", port: 8080 },
    ]);
  });
});

test("originUrl is the service's name inside the cluster", () => {
  expect(originUrl("web", demo, { ...service, port: 80 })).toBe("http://web.front.svc.cluster.local:80");
});

test("planConnector names the secret and holds no token", () => {
  expect(planConnector([{ namespace: "front", port: 8080 }], [{ name: "registry" }])).toEqual({
    tokenSecret: { name: "tunnel-token", key: "token" },
    targets: [{ namespace: "front", port: 8080 }],
    imagePullSecrets: [{ name: "registry" }],
  });
});
