import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  type MachinePlan,
  planTalosCluster,
  type TalosClusterPlan,
} from "../../../components/clusters/talosCluster/talosCluster.plan";
import { tailscaleDocument } from "../../../components/clusters/talosCluster/tailscale";
import { cardOf } from "../../../components/estate/estate.plan";
import { loadStack, specs } from "../../../stacks";
import { entry, type Estate, talosClustersOf, type TalosClusterSpec } from "../../../stacks/estate";
import { scratch, toolPath } from "./support/talos";

// Building talosctl takes minutes where it is not in the cache yet.
jest.setTimeout(900_000);

const folder = scratch();
const run = promisify(execFile);

/** A cluster of a stack as the estate plans it, without its addresses' networks. */
function planOf(estate: Estate, cluster: TalosClusterSpec): TalosClusterPlan {
  const names = [...cluster.controlPlanes, ...cluster.workers];
  const shapeOf = (name: string) => {
    const vm = entry(estate.machines, name);
    const role = cluster.workers.includes(name) ? ("worker" as const) : ("control-plane" as const);
    return [name, { role, gpu: vm.kind === "vm" ? cardOf(estate, vm) : undefined }] as const;
  };
  const subnets = Object.values(estate.networks).map(({ cidr }) => cidr);
  return planTalosCluster(cluster, Object.fromEntries(names.map(shapeOf)), subnets);
}

/** How every node joins its tailnet; the extension's variables are for Talos a list of texts. */
const tailnet = { loginServer: "https://headscale.example.org", authKey: "made up", advertises: ["10.96.0.0/12"] };

/** What talosctl generates for a machine, with the plan's documents over it: as the provider asks it to. */
async function generate(secrets: string, cluster: TalosClusterSpec, plan: TalosClusterPlan, machine: MachinePlan) {
  const documents = [...machine.documents, tailscaleDocument({ ...tailnet, hostname: machine.name })];
  const patches = documents.flatMap((document, index) => {
    const file = join(folder, `${machine.name}-${index}.json`);
    writeFileSync(file, JSON.stringify(document));
    return ["--config-patch", `@${file}`];
  });
  const { stdout } = await run(await toolPath("talosctl"), [
    ...["gen", "config", "cluster", plan.endpoint, "--with-secrets", secrets, "--output", "-"],
    ...["--output-types", machine.role === "worker" ? "worker" : "controlplane"],
    ...["--talos-version", `v${cluster.talos}`, "--kubernetes-version", cluster.kubernetes],
    ...["--install-image", machine.installerImage, "--with-docs=false", "--with-examples=false", ...patches],
  ]);
  return stdout;
}

/** What talosctl says of a configuration: one of a real machine, and of one of a cloud, as Proxmox' cloud-init makes it. */
async function validate(config: string): Promise<string[]> {
  const file = join(folder, "machine.yaml");
  writeFileSync(file, config, { mode: 0o600 });
  const talosctl = await toolPath("talosctl");
  const said = await Promise.all(
    ["metal", "cloud"].map(async (mode) => {
      const { stdout, stderr } = await run(talosctl, ["validate", "--config", file, "--mode", mode, "--strict"]);
      return `${stdout}${stderr}`.replace(file, "FILE");
    }),
  );
  return said;
}

const clusters = Object.keys(specs).flatMap((stack) => {
  const estate = loadStack(stack);
  return talosClustersOf(estate).map(([name, cluster]) => ({ stack, name, estate, cluster }));
});

test("there are clusters to validate", () => {
  expect(clusters.map(({ stack, name }) => `${stack}/${name}`)).toContain("prod/core");
});

test.each(clusters)(
  "every machine of $stack/$name has a configuration that Talos takes",
  async ({ estate, cluster }) => {
    const secrets = join(folder, `${estate.org}-secrets.yaml`);
    await run(await toolPath("talosctl"), ["gen", "secrets", "--output-file", secrets]);
    const plan = planOf(estate, cluster);
    expect(plan.machines.length).toBeGreaterThan(0);
    for (const machine of plan.machines) {
      const config = await generate(secrets, cluster, plan, machine);
      expect([machine.name, await validate(config)]).toEqual([
        machine.name,
        ["FILE is valid for metal mode\n", "FILE is valid for cloud mode\n"],
      ]);
      // Not one that only looks like it: the firewall's documents are in it, and the extension's.
      expect(config).toContain("kind: NetworkDefaultActionConfig");
      expect(config).toContain("- TS_AUTH_ONCE=true");
    }
  },
);

test("a configuration that Talos does not take is refused", async () => {
  await expect(validate("version: v1alpha1\nmachine:\n  type: worker\ncluster: {}\n")).rejects.toThrow(
    "cluster controlplane endpoint is required",
  );
});
