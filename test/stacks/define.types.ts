import { defineEstate } from "../../stacks/define";

/**
 * Checked by tsc, never run: a misspelt reference is an error in the editor. Each `@ts-expect-error` fails the type check
 * when the line below it compiles.
 */
const places = {
  org: "home",
  domain: "home.example",
  networks: { lan: { cidr: "192.168.1.0/24", bridge: "vmbr0", gateway: "192.168.1.1" } },
  hosts: { pve: { kind: "proxmox", address: "192.168.1.2", cpu: "amd", boot: "grub" } },
} as const;
const vm = { vmId: 102, host: "pve", network: "lan", image: "debian-12", cores: 2, memory: "2 GiB" } as const;
const hub = { ...vm, role: "headscale-hub" } as const;
const tailnet = { control: { kind: "headscale", on: "hub" } } as const;
const versions = { kind: "talos", kubernetes: "1.34.3", talos: "1.12.0" } as const;
const farm = { serviceCidr: "10.43.0.0/16", routerCidrs: ["10.60.0.0/24"] };

export const right = defineEstate({
  ...places,
  machines: {
    hub,
    docker: { ...vm, vmId: 100, role: "docker-host" },
    cp1: { ...vm, vmId: 111, role: "talos-control-plane" },
  },
  tailnet,
  clusters: { core: { ...versions, controlPlanes: ["cp1"], workers: ["docker"] } },
  apps: { demo: { chart: "demo", on: "core" } },
  repositories: { stack: { runners: { ephemeral: { tag: "ci", on: "docker" } } } },
});

export const existing = defineEstate({
  ...places,
  machines: { hub },
  tailnet,
  clusters: { farm: { kind: "existing", kubernetes: "1.34.3" } },
  apps: { demo: { chart: "demo", on: "farm" } },
});

export const nodesOfAnExistingCluster = defineEstate({
  ...places,
  machines: { hub },
  tailnet,
  // @ts-expect-error nodes are a Talos cluster's
  clusters: { farm: { kind: "existing", kubernetes: "1.34.3", controlPlanes: ["hub"] } },
});

export const misspeltRouter = defineEstate({
  ...places,
  machines: { hub },
  tailnet,
  // @ts-expect-error the machine is called hub
  clusters: { farm: { kind: "existing", kubernetes: "1.34.3", tailnet: { ...farm, routers: ["hbu"] } } },
});

export const misspeltHost = defineEstate({
  ...places,
  // @ts-expect-error the host is called pve
  machines: { hub: { ...hub, host: "pev" } },
  tailnet,
});

export const misspeltNetwork = defineEstate({
  ...places,
  // @ts-expect-error the network is called lan
  machines: { hub: { ...hub, network: "lna" } },
  tailnet,
});

export const misspeltHub = defineEstate({
  ...places,
  machines: { hub },
  // @ts-expect-error the machine is called hub
  tailnet: { control: { kind: "headscale", on: "hbu" } },
});

export const misspeltControlPlane = defineEstate({
  ...places,
  machines: { hub },
  tailnet,
  // @ts-expect-error the machine is called hub
  clusters: { core: { ...versions, controlPlanes: ["hbu"] } },
});

export const misspeltWorker = defineEstate({
  ...places,
  machines: { hub },
  tailnet,
  // @ts-expect-error the machine is called hub
  clusters: { core: { ...versions, controlPlanes: ["hub"], workers: ["hbu"] } },
});

export const misspeltCluster = defineEstate({
  ...places,
  machines: { hub },
  tailnet,
  clusters: { core: { ...versions, controlPlanes: ["hub"] } },
  // @ts-expect-error the cluster is called core
  apps: { demo: { chart: "demo", on: "croe" } },
});

export const misspeltRunnerHost = defineEstate({
  ...places,
  machines: { hub },
  tailnet,
  // @ts-expect-error the machine is called hub
  repositories: { stack: { runners: { ephemeral: { tag: "ci", on: "hbu" } } } },
});
