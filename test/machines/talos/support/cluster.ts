import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { planTalosCluster } from "../../../../components/clusters/talosCluster/talosCluster.plan";
import type { TalosApi } from "../../../../providers/talos/backends/api";
import { toKnown } from "../../../../providers/common/values";
import { talos } from "../../../../providers/talos/provider";
import type { Cluster, Gpu } from "../../../../stacks/estate";
import { Engine, type Resource } from "../../../providers/support";
import { toolPath } from "./talos";

/** A talosctl that notes its command lines, as every user of a machine sees them. */
export async function watchedTalosctl(folder: string): Promise<{ path: string; lines(): string[] }> {
  const [path, log] = [join(folder, "talosctl"), join(folder, "command-lines")];
  writeFileSync(log, "");
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$*" >> ${log}\nexec ${await toolPath("talosctl")} "$@"\n`);
  chmodSync(path, 0o755);
  return { path, lines: () => readFileSync(log, "utf8").trim().split("\n") };
}

const card: Gpu = { slot: "0000:01:00", device: "10de:2204", companions: [], vram: "24 GiB", architecture: "ampere" };

/** A cluster of three control planes and a worker on loopback, its resources made as the component makes them. */
export class ClusterUnderTest {
  readonly engine: Engine<TalosApi>;
  readonly addresses: Readonly<Record<string, string>>;
  private readonly plan;

  constructor(
    talosctl: string,
    /** Its machines are NET.11 to NET.13 and NET.21. */
    net: string,
  ) {
    this.engine = new Engine(talos, { talosctl });
    this.addresses = { cp1: `${net}.11`, cp2: `${net}.12`, cp3: `${net}.13`, w1: `${net}.21` };
    const cluster: Cluster = {
      ...{
        kind: "talos",
        kubernetes: "1.34.3",
        talos: "1.12.0",
        podCidr: "10.244.0.0/16",
        serviceCidr: "10.96.0.0/12",
      },
      ...{ controlPlanes: ["cp1", "cp2", "cp3"], workers: ["w1"], endpoint: `${net}.11` },
    };
    const controlPlane = { role: "control-plane" } as const;
    const nodes = {
      cp1: controlPlane,
      cp2: controlPlane,
      cp3: controlPlane,
      w1: { role: "worker", gpu: card } as const,
    };
    this.plan = planTalosCluster(cluster, nodes, [`${net}.0/24`]);
  }

  machineArgs(name: string, secrets: Resource, changes: Readonly<Record<string, unknown>> = {}) {
    const machine = this.plan.machines.find((planned) => planned.name === name);
    if (machine === undefined) throw new Error(`${name} is not planned`);
    const { machineSecrets, clientConfiguration, contract } = secrets.outputs;
    return toKnown({
      node: this.addressOf(name),
      machineType: machine.role === "worker" ? "worker" : "controlplane",
      ...{
        clusterName: "core",
        clusterEndpoint: this.plan.endpoint,
        kubernetesVersion: "1.34.3",
        talosVersion: "1.12.0",
      },
      ...{ secrets: machineSecrets, clientConfiguration, contract },
      patches: [...machine.documents],
      installImage: machine.installerImage,
      ...changes,
    });
  }

  clusterArgs({ outputs: { clientConfiguration } }: Resource) {
    const [bootstrapNode = "", ...others] = Object.values(this.addresses);
    return toKnown({
      clusterName: "core",
      bootstrapNode,
      endpoint: bootstrapNode,
      nodes: [bootstrapNode, ...others],
      clientConfiguration,
    });
  }

  addressOf(name: string): string {
    const address = this.addresses[name];
    if (address === undefined) throw new Error(`${name} has no address`);
    return address;
  }
}
