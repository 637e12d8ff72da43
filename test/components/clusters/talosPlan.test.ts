import * as fc from "fast-check";
import {
  extensionsFor,
  installerImage,
  schematic,
  schematicId,
} from "../../../components/clusters/talosCluster/schematic";
import {
  clusterProblems,
  type NodeShape,
  planTalosCluster,
} from "../../../components/clusters/talosCluster/talosCluster.plan";
import type { TalosClusterSpec, Gpu } from "../../../stacks/estate";

/** The plan of a cluster: documents, order, schematics. That Talos takes the documents is for `talosctl validate` (issue 5). */

const withoutVip: TalosClusterSpec = {
  kind: "talos",
  kubernetes: "1.34.3",
  talos: "1.12.0",
  controlPlanes: ["cp1"],
  workers: [],
  endpoint: "192.168.10.111",
  podCidr: "10.244.0.0/16",
  serviceCidr: "10.96.0.0/12",
};
const single: TalosClusterSpec = { ...withoutVip, vip: "192.168.10.110", endpoint: "192.168.10.110" };
const cluster: TalosClusterSpec = { ...single, controlPlanes: ["cp1", "cp2", "cp3"], workers: ["gpu1", "work1"] };
const card = (architecture: NonNullable<Gpu["architecture"]>): Gpu => ({
  slot: "0000:01:00",
  device: "10de:2204",
  companions: [],
  vram: "24 GiB",
  architecture,
});
const controlPlane: NodeShape = { role: "control-plane" };
const worker: NodeShape = { role: "worker" };
const nodes = {
  cp1: controlPlane,
  cp2: controlPlane,
  cp3: controlPlane,
  gpu1: { ...worker, gpu: card("ampere") },
  work1: worker,
};
const subnets = ["192.168.10.0/24"];
const plan = planTalosCluster(cluster, nodes, subnets);

const machine = (name: string, from = plan) => {
  const found = from.machines.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`${name} is not planned`);
  return found;
};
const document = (name: string, kind: string | undefined, from = plan) =>
  machine(name, from).documents.filter((candidate) => candidate["kind"] === kind);

describe("schematicId", () => {
  // Known from the factory's own tests and from people who asked it.
  test.each([
    ["nothing", [], "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"],
    [
      "the guest agent",
      ["siderolabs/qemu-guest-agent"],
      "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515",
    ],
    [
      "NVIDIA",
      ["siderolabs/nvidia-container-toolkit-production", "siderolabs/nvidia-open-gpu-kernel-modules-production"],
      "6698d6f136c5bb37ca8bb8482c9084305084da0a5ead1f4dcae760796f8ab3a2",
    ],
  ])("is the factory's, for %s", (_, extensions, id) => {
    expect(schematicId(extensions)).toBe(id);
  });

  test("differs whenever the extensions differ", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z-]{0,20}$/), { maxLength: 4 });
    fc.assert(
      fc.property(names, names, (a, b) => (schematicId(a) === schematicId(b)) === (schematic(a) === schematic(b))),
    );
  });

  test("a GPU node has its drivers beside the guest agent", () => {
    expect(extensionsFor({ talos: "1.12.0", gpu: card("ampere") })).toEqual([
      "siderolabs/nvidia-container-toolkit-production",
      "siderolabs/nvidia-open-gpu-kernel-modules-production",
      "siderolabs/qemu-guest-agent",
    ]);
  });

  test("an old card gets the modules that still drive it", () => {
    expect(extensionsFor({ talos: "1.12.0", gpu: card("pascal") })).toEqual([
      "siderolabs/nonfree-kmod-nvidia-lts",
      "siderolabs/nvidia-container-toolkit-lts",
      "siderolabs/qemu-guest-agent",
    ]);
  });

  test("the installer is pinned by version and schematic", () => {
    expect(installerImage({ talos: "1.12.0" })).toBe(
      "factory.talos.dev/nocloud-installer/ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515:v1.12.0",
    );
  });
});

describe("order", () => {
  test("control planes one after another, then workers one after another", () => {
    expect(plan.machines.map(({ name, after }) => [name, after])).toEqual([
      ["cp1", []],
      ["cp2", ["cp1"]],
      ["cp3", ["cp2"]],
      ["gpu1", ["cp3"]],
      ["work1", ["gpu1"]],
    ]);
  });

  test("the first control plane bootstraps; the API is at the shared address", () => {
    expect([plan.bootstrapOn, plan.endpoint]).toEqual(["cp1", "https://192.168.10.110:6443"]);
  });
});

describe("documents", () => {
  test("networks, installer and discovery", () => {
    expect(document("cp2", undefined)).toEqual([
      {
        machine: {
          install: { disk: "/dev/sda", image: installerImage({ talos: "1.12.0" }) },
          kubelet: { nodeIP: { validSubnets: subnets } },
        },
        cluster: {
          network: { podSubnets: ["10.244.0.0/16"], serviceSubnets: ["10.96.0.0/12"] },
          discovery: { enabled: false },
          etcd: { advertisedSubnets: subnets },
        },
      },
    ]);
  });

  test("a GPU node loads the drivers and says so to the scheduler", () => {
    expect(document("gpu1", undefined)).toMatchObject([
      {
        machine: {
          kernel: {
            modules: [{ name: "nvidia" }, { name: "nvidia_uvm" }, { name: "nvidia_drm" }, { name: "nvidia_modeset" }],
          },
          nodeLabels: { "nvidia.com/gpu.present": "true" },
        },
      },
    ]);
  });

  test.each(Object.keys(nodes))("%s: its name, encrypted disks, a firewall that blocks by default", (name) => {
    expect(document(name, "HostnameConfig")).toMatchObject([{ hostname: name, auto: "off" }]);
    expect(document(name, "VolumeConfig").map((volume) => volume["name"])).toEqual(["STATE", "EPHEMERAL"]);
    expect(document(name, "NetworkDefaultActionConfig")).toMatchObject([{ ingress: "block" }]);
  });

  const rules = (name: string) =>
    document(name, "NetworkRuleConfig").map((rule) => [rule["name"], rule["portSelector"], rule["ingress"]]);
  const lan = [{ subnet: "192.168.10.0/24" }];
  const lanAndPods = [...lan, { subnet: "10.244.0.0/16" }];
  const everywhere = [
    ["kubelet-ingress", { ports: [10250], protocol: "tcp" }, lanAndPods],
    ["apid-ingress", { ports: [50000], protocol: "tcp" }, lan],
    ["cni-vxlan", { ports: [4789], protocol: "udp" }, lan],
  ];

  test("a worker opens what a worker needs", () => {
    expect(rules("work1")).toEqual(everywhere);
  });

  test("a control plane opens the API, trustd and etcd as well", () => {
    expect(rules("cp1")).toEqual([
      ...everywhere,
      ["trustd-ingress", { ports: [50001], protocol: "tcp" }, lan],
      ["kubernetes-api-ingress", { ports: [6443], protocol: "tcp" }, lanAndPods],
      ["etcd-ingress", { ports: ["2379-2380"], protocol: "tcp" }, lan],
    ]);
  });

  test("the shared address is on control planes only", () => {
    expect(document("cp1", "Layer2VIPConfig")).toMatchObject([{ name: "192.168.10.110", link: "net0" }]);
    expect(document("work1", "Layer2VIPConfig")).toEqual([]);
  });

  test("without workers the control planes take workloads; without a shared address there is none", () => {
    const alone = planTalosCluster(withoutVip, { cp1: controlPlane }, subnets);
    expect(document("cp1", undefined, alone)).toMatchObject([{ cluster: { allowSchedulingOnControlPlanes: true } }]);
    expect(document("cp1", "Layer2VIPConfig", alone)).toEqual([]);
    expect(document("cp1", undefined)).not.toMatchObject([{ cluster: { allowSchedulingOnControlPlanes: true } }]);
  });
});

describe("clusterProblems", () => {
  test("a good cluster has none", () => {
    expect(clusterProblems(cluster, nodes, subnets)).toEqual([]);
  });

  test.each<[string, ReturnType<typeof clusterProblems>, unknown[]]>([
    [
      "an even number of control planes",
      clusterProblems({ ...single, controlPlanes: ["cp1", "cp2"] }, { cp1: controlPlane, cp2: controlPlane }, subnets),
      [{ propertyPath: "cluster.controlPlanes", reason: "are 2, expected an odd number: add or remove one" }],
    ],
    [
      "no network",
      clusterProblems(single, { cp1: controlPlane }, []),
      [
        {
          propertyPath: "subnets",
          reason: "is empty, so that the nodes' firewalls would keep everybody out: give the networks of the nodes",
        },
      ],
    ],
    [
      "a missing node",
      clusterProblems({ ...single, workers: ["work1"] }, { cp1: controlPlane }, subnets),
      [{ propertyPath: "nodes.work1", reason: "is missing, expected a worker: add it" }],
    ],
    [
      "a node of another role",
      clusterProblems(single, { cp1: worker }, subnets),
      [{ propertyPath: "nodes.cp1.role", reason: 'is "worker", expected "control-plane": correct one of the two' }],
    ],
    [
      "a stranger",
      clusterProblems(single, { cp1: controlPlane, cp9: controlPlane }, subnets),
      [
        {
          propertyPath: "nodes.cp9",
          reason: "is not in the cluster: add it to controlPlanes or workers, or remove it",
        },
      ],
    ],
    [
      "a Talos that does not know these documents",
      clusterProblems({ ...single, talos: "1.11.6" }, { cp1: controlPlane }, subnets),
      [
        {
          propertyPath: "cluster.talos",
          reason: 'is "1.11.6", expected 1.12 or later: the machine configuration has documents of 1.12',
        },
      ],
    ],
  ])("%s", (_, problems, expected) => {
    expect(problems).toEqual(expected);
  });
});
