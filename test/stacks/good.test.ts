import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { loadStack } from "../../stacks";
import { type Estate, talosClustersOf, vmsOf } from "../../stacks/estate";
import { loadEstate } from "../../stacks/load";
import { prod } from "../../stacks/prod";

function good(name: string): Estate {
  return loadEstate(parse(readFileSync(join(__dirname, "fixtures", "good", `${name}.yaml`), "utf8")));
}

/** What follows from other entries, in one table that an eye can check. */
function completed(estate: Estate): unknown {
  return {
    addresses: Object.fromEntries(vmsOf(estate).map(([name, { address }]) => [name, address])),
    endpoints: Object.fromEntries(talosClustersOf(estate).map(([name, { endpoint }]) => [name, endpoint])),
    namespaces: Object.fromEntries(Object.entries(estate.apps).map(([name, { namespace }]) => [name, namespace])),
    baseDomain: estate.tailnet.baseDomain,
  };
}

test("minimal: what is left out is filled in with secure defaults", () => {
  expect(good("minimal")).toEqual({
    org: "home",
    domain: "home.example",
    people: {},
    networks: { lan: { cidr: "192.168.1.0/24", bridge: "vmbr0", gateway: "192.168.1.1" } },
    hosts: {
      pve: {
        kind: "proxmox",
        address: "192.168.1.2",
        cpu: "amd",
        boot: "grub",
        gpus: {},
        storage: { disks: "local-lvm", images: "local" },
        backup: {
          enabled: true,
          storage: "local",
          schedule: "02:30",
          keep: { daily: 7, weekly: 4, monthly: 3 },
        },
      },
    },
    machines: {
      hub: {
        kind: "vm",
        vmId: 102,
        host: "pve",
        network: "lan",
        address: "192.168.1.102",
        image: "debian-12",
        cores: 2,
        memory: "2 GiB",
        disk: "32 GiB",
        role: "headscale-hub",
        started: true,
        tags: [],
        advertises: [],
        serves: {},
      },
    },
    tailnet: {
      control: { kind: "headscale", on: "hub", apiKeyEdition: 1 },
      baseDomain: "tailnet.home.example",
      tags: {},
      ssh: [],
      keyExpiry: "24 hours",
      dns: { names: {}, records: {}, split: {}, nameservers: [], search: [] },
      certificates: false,
    },
    clusters: {},
    apps: {},
    repositories: {},
  });
});

test("dev", () => {
  expect(completed(loadStack("dev"))).toEqual({
    addresses: { docker: "192.168.50.100", headscale: "192.168.50.102", node1: "192.168.50.111" },
    endpoints: { home: "192.168.50.111" },
    namespaces: { demo: "demo", ollama: "ollama" },
    baseDomain: "tailnet.estate.example",
  });
});

test("dndnordic: machines that are there already, on Tailscale", () => {
  const estate = loadStack("dndnordic");
  expect(completed(estate)).toEqual({ addresses: {}, endpoints: {}, namespaces: {}, baseDomain: "tail00000.ts.net" });
  expect(estate.tailnet.control).toEqual({
    kind: "tailscale",
    tailnet: "dndnordic.com",
    watch: [],
    replacePolicy: false,
  });
});

test("a Headscale that exists is joined with its own base domain", () => {
  const { control, baseDomain } = good("joined-headscale").tailnet;
  expect(control).toEqual({ kind: "headscale", loginServer: "https://hub.home.example:8443" });
  expect(baseDomain).toBe("mesh.home.example");
});

test("prod: the reference layout", () => {
  expect(completed(loadStack("prod"))).toEqual({
    addresses: {
      docker: "192.168.10.100",
      workstation: "192.168.10.101",
      headscale: "192.168.10.102",
      gateway: "192.168.10.1",
      cp1: "192.168.10.111",
      cp2: "192.168.10.112",
      cp3: "192.168.10.113",
      gpu1: "192.168.10.121",
    },
    endpoints: { core: "192.168.10.110" },
    namespaces: { demo: "demo", ollama: "ollama" },
    baseDomain: "tailnet.powerfulmoves.ai",
  });
});

test("a stopped VM may share the GPU of a running one", () => {
  const { machines } = good("stopped-vm-shares-a-gpu");
  expect(machines["games"]).toMatchObject({ gpu: "rtx4090", started: false });
  expect(machines["work"]).toMatchObject({ gpu: "rtx4090", started: true });
});

test("a card that the estate knows needs its model or its id only", () => {
  const { hosts, apps } = good("gpus-by-model");
  expect(hosts["pve"]?.gpus).toEqual({
    big: {
      slot: "0000:01:00",
      model: "rtx-3090",
      device: "10de:2204",
      companions: ["10de:1aef"],
      architecture: "ampere",
      vram: "24 GiB",
    },
    plain: {
      slot: "0000:02:00",
      device: "10de:2503",
      companions: ["10de:228e"],
      architecture: "ampere",
      vram: "12 GiB",
    },
    new: {
      slot: "0000:03:00",
      device: "10de:fffe",
      companions: ["10de:ffff"],
      architecture: "blackwell",
      vram: "64 GiB",
    },
    radeon: { slot: "0000:04:00", device: "1002:744c", companions: [], vram: "24 GiB" },
  });
  expect(apps["models"]?.vram).toEqual({ "acme/own:7b": "15 GiB" });
});

test("the gateway VM holds the gateway's address", () => {
  expect(completed(good("gateway-vm-holds-the-gateway-address"))).toMatchObject({
    addresses: { hub: "192.168.1.102", gateway: "192.168.1.1" },
  });
});

test("external machines only, with a hub: they get no address", () => {
  const estate = good("external-machines-only-with-hub");
  expect(completed(estate)).toEqual({
    addresses: { hub: "10.1.134.160" },
    endpoints: {},
    namespaces: {},
    baseDomain: "esh.example",
  });
  expect(estate.machines["pi"]).toEqual({
    kind: "external",
    os: "openwrt",
    role: "subnet-router",
    tags: [],
    advertises: ["10.42.0.0/24"],
    runs: {},
    serves: {},
  });
});

test("a hub on a host that exists: no Proxmox, no network", () => {
  const estate = good("hub-on-a-host-that-exists");
  expect(completed(estate)).toMatchObject({ addresses: {}, baseDomain: "tailnet.plain.example" });
  expect(estate.machines["hub"]).toMatchObject({
    address: "203.0.113.7",
    ssh: { user: "admin" },
    architecture: "arm64",
  });
});

test("two hosts, two clusters", () => {
  expect(completed(good("two-hosts-two-clusters"))).toEqual({
    addresses: { hub: "10.20.0.102", e1: "10.20.1.44", w1: "10.20.1.144" },
    endpoints: { east: "10.20.1.44", west: "10.20.4.10" },
    namespaces: { demo: "demo", models: "llm" },
    baseDomain: "tailnet.two.example",
  });
});

test("a cluster that exists: only what is said of it, and no endpoint, which its kubeconfig knows", () => {
  const estate = good("cluster-that-exists");
  expect(completed(estate)).toMatchObject({ endpoints: { core: "10.20.1.44" }, namespaces: { models: "llm" } });
  expect(estate.clusters["gpu-farm"]).toEqual({
    kind: "existing",
    kubernetes: "1.33.6",
    registry: "ghcr.io",
    gpus: [
      { vram: "24 GiB", count: 2 },
      { vram: "80 GiB", count: 1 },
    ],
    tailnet: { serviceCidr: "10.43.0.0/16", routers: ["router"], routerCidrs: ["10.60.0.0/24"] },
  });
});

test("an estate is frozen all the way down, the spec it was read from is not", () => {
  expect(thawed(loadStack("prod"), "estate")).toEqual([]);
  expect(thawed(good("minimal"), "estate")).toEqual([]);
  expect(Object.isFrozen(prod)).toBe(false);
  expect(Object.isFrozen(prod.machines.docker.tags)).toBe(false);
});

function thawed(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, child]) => thawed(child, `${path}.${key}`));
  return Object.isFrozen(value) ? inner : [path, ...inner];
}

test("a stack without a spec is refused with the stacks there are", () => {
  expect(() => loadStack("staging")).toThrow(
    new Error(`The stack name has 1 problem:

  stack: there is no spec for stack "staging"
    allowed: one of dev, dndnordic, prod
    remedy:  write stacks/staging.ts and list it in stacks/index.ts
`),
  );
});
