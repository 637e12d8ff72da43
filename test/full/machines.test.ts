import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { findTalosMachines } from "../../lab/control/talos";
import { hypervisorFiles } from "../../lab/hypervisor";
import { stateSchema } from "../../lab/proxmox/state";
import { isLoopback, listeners } from "./listeners";
import { changes, count, Lab, ok } from "../engine/support/lab";
import { processesIn } from "./processes";

// The real CLI and engine, the real Proxmox provider and talosctl, a real Kubernetes, on loopback. Proxmox is emulated, the Talos
// machines are played: nothing here proves anything about QEMU, a GPU or Talos's own boot.
jest.setTimeout(400_000);
const full = { stack: "prod", lab: "full" };
const lab = new Lab();
const folder = join(lab.root, ".lab", "prod.full");
const files = hypervisorFiles(join(folder, "hypervisor"));
const stateFile = join(files.proxmox, "proxmox.json");

afterAll(async () => {
  await lab.estate("down", full);
  lab.remove();
});

const proxmox = () => stateSchema.parse(JSON.parse(readFileSync(stateFile, "utf8")));

async function talos() {
  const machines = findTalosMachines(files.talos);
  if (machines === undefined) throw new Error("the Talos machines do not run");
  return machines.view();
}

function kubectl(...args: readonly string[]): string {
  const kubeconfig = join(folder, "kubeconfigs", "core");
  return execFileSync(join(folder, "bin", "kubectl"), ["--kubeconfig", kubeconfig, ...args], { encoding: "utf8" });
}

const nodesSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ taints: z.array(z.object({ key: z.string() })).default([]) }),
      status: z.object({ capacity: z.record(z.string(), z.string()) }),
    }),
  ),
});

// One story: each test starts from what the one before it left.
describe("machines and cluster of stack prod in the full lab", () => {
  let resources: number;

  test("one up from nothing: VMs in Proxmox, Talos configured and bootstrapped, nodes with their cards", async () => {
    const run = ok(await lab.estate("up", full));
    resources = count(run, "created");
    expect(run.output).toMatch(/^4 nodes of cluster core are ready/m);
    const vms = Object.values(proxmox().vms).map(({ config, status }) => [config["name"], status]);
    expect(Object.fromEntries(vms)).toEqual({
      ...{ docker: "running", workstation: "running", headscale: "running", gateway: "running" },
      ...{ cp1: "running", cp2: "running", cp3: "running", gpu1: "running" },
    });
    const { machines } = await talos();
    expect(machines.map(({ address, phase, member }) => [address, phase, member])).toEqual([
      ["192.168.10.111", "running", true],
      ["192.168.10.112", "running", true],
      ["192.168.10.113", "running", true],
      ["192.168.10.121", "running", false],
    ]);
  });

  test("the kubeconfig answers with the declared nodes, and the card is in the capacity of its node alone", () => {
    const { items } = nodesSchema.parse(JSON.parse(kubectl("get", "nodes", "--output", "json")));
    const taint = "node-role.kubernetes.io/control-plane";
    expect(
      items.map(({ metadata, spec, status }) => [
        metadata.name,
        spec.taints.some(({ key }) => key === taint),
        status.capacity["nvidia.com/gpu"] ?? "0",
        status.capacity["cpu"],
      ]),
    ).toEqual([
      ["cp1", true, "0", "4"],
      ["cp2", true, "0", "4"],
      ["cp3", true, "0", "4"],
      ["gpu1", false, "1", "8"],
    ]);
  });

  test("what the estate puts on the cluster is scheduled by Kubernetes: the GPU workload on the node with the card", () => {
    const pods = z
      .object({
        items: z.array(
          z.object({
            metadata: z.object({ namespace: z.string() }),
            spec: z.object({ nodeName: z.string().optional() }),
            status: z.object({ phase: z.string() }),
          }),
        ),
      })
      .parse(JSON.parse(kubectl("get", "pods", "--all-namespaces", "--output", "json"))).items;
    const own = pods.filter(({ metadata }) => metadata.namespace !== "kube-system");
    expect(own.map(({ metadata }) => metadata.namespace).sort()).toEqual([
      ...["cloudflared", "cloudflared", "demo", "demo", "nvidia-device-plugin", "ollama"],
    ]);
    expect(own.filter(({ status }) => status.phase !== "Running")).toEqual([]);
    expect(own.find(({ metadata }) => metadata.namespace === "ollama")?.spec.nodeName).toBe("gpu1");
  });

  test("everything that runs listens on loopback alone", () => {
    const all = processesIn(folder).map((pid) => listeners(pid));
    expect(all.flat().length).toBeGreaterThan(10);
    expect(all.flat().filter((listener) => !isLoopback(listener))).toEqual([]);
  });

  test("a second up changes nothing", async () => {
    const run = ok(await lab.estate("up", full));
    expect(changes(run)).toEqual([]);
    expect(count(run, "unchanged")).toBe(resources);
  });

  test("no key of the cluster stands in clear in the state, and none in what the lab prints", async () => {
    const state = readFileSync(join(folder, "state", ".pulumi", "stacks", "estate", "prod.json"), "utf8");
    expect(state).toContain("talos:index:Secrets");
    const key = /BEGIN [A-Z ]*PRIVATE KEY|client-key-data: [A-Za-z0-9+/=]{20}/;
    expect(state).not.toMatch(key);
    expect(readFileSync(files.log, "utf8")).not.toMatch(key);
    expect((await lab.estate("lab-status", full)).output).not.toMatch(key);
  });

  test("a VM, a mapping and a machine's configuration changed behind the back: a refresh names all three", async () => {
    const state = proxmox();
    const docker = state.vms["100"];
    const [mapping = ""] = Object.keys(state.mappings);
    if (docker === undefined) throw new Error("no VM 100");
    docker.config["cores"] = "2";
    state.mappings[mapping] = {
      ...state.mappings[mapping],
      map: state.mappings[mapping]?.map ?? [],
      description: "edited",
    };
    writeFileSync(stateFile, JSON.stringify(state));
    patchMachine("192.168.10.112", "machine: { sysctls: { net.core.somaxconn: '1024' } }");
    const run = await lab.estate("refresh", full);
    expect(run.code).toBe(7);
    expect(run.output).toContain("Drift in stack prod: 3 resources");
    expect(run.output).toContain('"docker-vm" (cpu.cores)');
    expect(run.output).toContain(`"${mapping}" (comment)`);
    expect(run.output).toContain('talos:index:Machine "core-cp2" (configHash)');
  });

  test("an up that looks first puts all three right", async () => {
    ok(await lab.estate("up", { ...full, refresh: "1" }));
    expect(proxmox().vms["100"]?.config["cores"]).toBe("8");
    expect(ok(await lab.estate("refresh", full)).output).toContain("No drift in stack prod");
  });

  test("all that was killed comes back with what it had", async () => {
    for (const pid of processesIn(folder)) process.kill(pid, "SIGKILL");
    const run = ok(await lab.estate("up", full));
    expect(changes(run)).toEqual([]);
    expect(run.output).toMatch(/^4 nodes of cluster core are ready/m);
  });

  test("down takes everything away and ends what it started", async () => {
    ok(await lab.estate("down", full));
    expect(existsSync(folder)).toBe(false);
    expect(processesIn(folder)).toEqual([]);
  });
});

/** What somebody with a talosconfig would do by hand. */
function patchMachine(address: string, patch: string): void {
  const places = z
    .object({ places: z.object({ talos: z.record(z.string(), z.string()) }) })
    .parse(JSON.parse(readFileSync(files.plan, "utf8"))).places.talos;
  const { talosconfigs } = z.object({ secret: z.object({ talosconfigs: z.record(z.string(), z.string()) }) }).parse(
    JSON.parse(
      execFileSync(join(folder, "bin", "pulumi"), ["stack", "output", "--json", "--show-secrets"], {
        cwd: lab.root,
        encoding: "utf8",
      }),
    ),
  ).secret;
  const file = join(folder, "talosconfig");
  writeFileSync(file, talosconfigs["core"] ?? "", { mode: 0o600 });
  const target = ["--talosconfig", file, "--nodes", address, "--endpoints", places["cp1"] ?? ""];
  execFileSync(join(folder, "bin", "talosctl"), ["patch", "machineconfig", ...target, "--patch", patch]);
}
