import { defineEstate } from "./define";

/** A small cut through all of it, for trying the program on one machine: every area once, nothing twice. */
export const dev = defineEstate({
  org: "dev",
  domain: "estate.example",
  people: { you: { email: "you@estate.example", groups: ["admins"] } },
  networks: { lan: { cidr: "192.168.50.0/24", bridge: "vmbr0", gateway: "192.168.50.1" } },
  hosts: {
    pve: {
      kind: "proxmox",
      address: "192.168.50.2",
      cpu: "amd",
      boot: "systemd-boot",
      gpus: { rtx3060: { slot: "0000:01:00", device: "10de:2503", companions: ["10de:228e"], vram: "12 GiB" } },
    },
  },
  machines: {
    docker: {
      vmId: 100,
      host: "pve",
      network: "lan",
      image: "ubuntu-24.04",
      cores: 4,
      memory: "8 GiB",
      role: "docker-host",
      tags: ["core"],
      serves: { qdrant: { port: 6333, to: ["group:admins"] }, deploy: { port: 22, to: ["tag:ci"] } },
    },
    headscale: {
      vmId: 102,
      host: "pve",
      network: "lan",
      image: "debian-12",
      cores: 2,
      memory: "2 GiB",
      role: "headscale-hub",
    },
    node1: {
      vmId: 111,
      host: "pve",
      network: "lan",
      image: "talos",
      cores: 4,
      memory: "8 GiB",
      gpu: "rtx3060",
      role: "talos-control-plane",
      tags: ["app"],
    },
    field: { kind: "external", os: "openwrt", role: "subnet-router", tags: ["field"], advertises: ["10.42.0.0/24"] },
  },
  tailnet: {
    control: { kind: "headscale", on: "headscale" },
    tags: {
      core: { owners: ["group:admins"] },
      app: { owners: ["group:admins"] },
      field: { owners: ["group:admins"] },
      ci: { owners: ["group:admins"] },
    },
  },
  clusters: { home: { kind: "talos", kubernetes: "1.34.3", talos: "1.12.0", controlPlanes: ["node1"] } },
  apps: {
    demo: {
      chart: "demo",
      on: "home",
      serves: { web: { port: 8080, public: { host: "demo", access: { groups: ["admins"] } } } },
    },
    ollama: {
      chart: "ollama",
      on: "home",
      replicas: 1,
      gpus: 1,
      models: ["llama3.2:1b"],
      serves: { api: { port: 11434, to: ["group:admins", "tag:core"] } },
    },
  },
  repositories: {
    stack: { secrets: ["deployKey"], runners: { ephemeral: { tag: "ci", on: "docker", count: 1 } } },
  },
});
