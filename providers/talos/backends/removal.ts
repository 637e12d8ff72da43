import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

import type { Patience } from "../../common/retry";

import type { MachineSpec } from "./api";
import type { Health } from "./health";
import { KubernetesApi, KubernetesApiError } from "./kubernetesApi";
import type { Access, Nodes } from "./nodes";
import { TalosctlError } from "./talosctl";

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ addresses: z.array(z.object({ address: z.string() })).optional() }),
    }),
  ),
});

/** Takes a node out of its cluster for good. */
export class Removal {
  constructor(
    private readonly nodes: Nodes,
    private readonly health: Health,
    private readonly patience: Patience,
    private readonly kubeconfigOf: (at: Access) => Promise<string>,
  ) {}

  async run(machine: MachineSpec): Promise<void> {
    // A killed run may have got this far.
    if ((await this.stageWithoutClient(machine)) === "maintenance") return;
    const doing = `taking ${machine.node} out of ${machine.clusterName}`;
    const others = machine.machineType === "worker" ? 1 : await this.otherMembers(machine, doing);
    // Before the node goes: a control plane that is wiped gives out none.
    const asked = machine.machineType === "worker" ? machine.controlPlane : machine;
    const kubeconfig =
      others === 0 || asked === undefined ? undefined : await this.kubeconfigOf({ ...machine, ...asked });
    // The last member cannot leave etcd, which ends with it.
    const graceful = others === 0 ? "--graceful=false" : "--graceful";
    // With --wait talosctl looks for the wiped node at its address, heeding no endpoint.
    await this.nodes.run(machine, doing, ["reset", graceful, "--reboot", "--wait=false"]);
    await this.untilWiped(machine, doing);
    if (kubeconfig !== undefined) await forget(machine, kubeconfig);
  }

  private async otherMembers(machine: MachineSpec, doing: string): Promise<number> {
    const members = await this.health.untilControlPlaneWell(machine, doing);
    return members.filter(({ address }) => address !== machine.node).length;
  }

  private async untilWiped(machine: MachineSpec, doing: string): Promise<void> {
    const { attempts, pause, longest = Infinity } = this.patience;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      if ((await this.stageWithoutClient(machine)) === "maintenance") return;
      await sleep(Math.min(pause * 2 ** (attempt - 1), longest));
    }
    throw new Error(
      `${doing}: it was told to wipe itself and did not come back in maintenance mode. See its console; when the machine is ` +
        "gone for good, run up again after `pulumi state delete` of its resource.",
    );
  }

  /** What a node says to somebody it does not know: a wiped one answers, one of a cluster does not. */
  private async stageWithoutClient({ node, endpoint }: MachineSpec): Promise<string | undefined> {
    const ask = [
      "get",
      "machinestatus",
      "machine",
      "--insecure",
      "--nodes",
      endpoint,
      "--output",
      "jsonpath={.spec.stage}",
    ];
    try {
      return (await this.nodes.talosctl.run(`asking ${node} whether it is wiped`, ask)).trim();
    } catch (error) {
      if (error instanceof TalosctlError) return undefined;
      throw error;
    }
  }
}

/** Removes the Node object, which would stay as one that is not ready. A cluster that cannot be asked keeps it: that harms nobody. */
async function forget({ node, clusterName }: MachineSpec, kubeconfig: string): Promise<void> {
  try {
    const api = new KubernetesApi(clusterName, kubeconfig);
    const { items } = nodeList.parse(JSON.parse(await api.ask("GET", "/api/v1/nodes")));
    const found = items.find(({ status }) => status.addresses?.some(({ address }) => address === node));
    if (found !== undefined) await api.ask("DELETE", `/api/v1/nodes/${encodeURIComponent(found.metadata.name)}`);
  } catch (error) {
    if (!(error instanceof KubernetesApiError)) throw error;
  }
}
