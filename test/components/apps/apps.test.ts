import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { planApp, planTargets } from "../../../components/apps/appPlan/appPlan";
import { Chart } from "../../../components/apps/chart/chart";
import { TunnelConnector } from "../../../components/apps/tunnelConnector/tunnelConnector";
import { tokens } from "../../../components/tokens";
import { loadStack, specs } from "../../../stacks";
import { record } from "../../support/record";

/** Apps and the connector, from the committed specs to their resources, by mocks and the real helm. */

let cacheDirectory: string;

beforeAll(() => {
  cacheDirectory = mkdtempSync(join(tmpdir(), "estate-apps-"));
});

afterAll(() => {
  rmSync(cacheDirectory, { recursive: true });
});

const withApps = Object.keys(specs).filter((stack) => Object.keys(loadStack(stack).apps).length > 0);

describe.each(withApps)("the apps of %s", (stack) => {
  const estate = loadStack(stack);

  test.each(Object.keys(estate.apps))("%s: the chart takes the planned values", async (name) => {
    const app = estate.apps[name];
    const cluster = estate.clusters[app?.on ?? ""];
    if (app === undefined || cluster === undefined) throw new Error(`${name} is not in the spec`);
    const { registrations } = await record(
      () =>
        new Chart(name, {
          ...planApp(name, app, { cluster, routerCidrs: ["192.168.10.0/24"] }),
          rendering: { cacheDirectory },
        }),
    );
    expect(registrations.filter(({ custom }) => custom).length).toBeGreaterThan(3);
  });
});

describe("TunnelConnector", () => {
  const token = "token-made-for-this-test";
  const targets = planTargets(loadStack("prod").apps);
  const connector = () =>
    new TunnelConnector("tunnel", {
      cluster: { kubernetes: "1.34.3" },
      token: pulumi.output(token),
      targets,
      rendering: { cacheDirectory },
    });

  test.each([false, true])("identity, preview %s", async (preview) => {
    const { registrations } = await record(connector, { preview });
    expect(registrations.map(({ type, name }) => [type, name]).sort()).toEqual([
      [tokens.chart, "tunnel-chart"],
      [tokens.tunnelConnector, "tunnel"],
      ["kubernetes:apps/v1:Deployment", "tunnel-chart-objects-cloudflared/cloudflared"],
      ["kubernetes:core/v1:Secret", "tunnel-token"],
      ["kubernetes:core/v1:ServiceAccount", "tunnel-chart-objects-cloudflared/cloudflared"],
      ["kubernetes:networking.k8s.io/v1:NetworkPolicy", "tunnel-chart-objects-cloudflared/cloudflared"],
      ["kubernetes:policy/v1:PodDisruptionBudget", "tunnel-chart-objects-cloudflared/cloudflared"],
      ["kubernetes:yaml:ConfigGroup", "tunnel-chart-objects"],
    ]);
  });

  test("the token is secret, and nowhere but in the secret", async () => {
    const { one, registrations } = await record(connector);
    const secret = one("kubernetes:core/v1:Secret");
    expect(secret.inputs).toMatchObject({ stringData: { token } });
    expect(secret.secrets).toEqual(["stringData"]);
    const others = registrations.filter((registration) => registration !== secret);
    expect(JSON.stringify(others)).not.toContain(token);
  });

  test("the pods read the secret that was made", async () => {
    const { one } = await record(connector);
    const { metadata } = one("kubernetes:core/v1:Secret").inputs;
    expect(metadata).toEqual({ name: "tunnel-token", namespace: "cloudflared" });
    expect(JSON.stringify(one("kubernetes:apps/v1:Deployment").inputs)).toContain(
      '"secretKeyRef":{"key":"token","name":"tunnel-token"}',
    );
  });

  test("it reaches the public services", async () => {
    const { one } = await record(connector);
    const policy = JSON.stringify(one("kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs);
    expect(policy).toContain('"kubernetes.io/metadata.name":"demo"');
    expect(policy).toContain('"port":8080');
  });
});
