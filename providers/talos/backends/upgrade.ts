import { versionStepProblem } from "../versions";

import type { MachineSpec, UpgradeReason } from "./api";
import { schematicOf, talosVersionOf } from "./facts";
import type { Health, Member } from "./health";
import { schematicOfImage } from "./image";
import type { Nodes } from "./nodes";
import { takeSnapshot, type SnapshotPlace } from "./snapshots";

const minutes = 60_000;

/**
 * Upgrades Talos on one node. Each step begins by asking what is, so that after a kill the next run goes on where the last
 * one ended. Cordon and drain are Talos's own, before it takes the node down:
 * https://docs.siderolabs.com/talos/v1.12/configure-your-talos-cluster/lifecycle-management/upgrading-talos
 */
export class Upgrade {
  constructor(
    private readonly nodes: Nodes,
    private readonly health: Health,
    private readonly snapshots: SnapshotPlace,
  ) {}

  async run(machine: MachineSpec, reason: UpgradeReason): Promise<void> {
    const doing = `upgrading ${machine.node} to Talos ${machine.talosVersion}`;
    // Waits for a node that a killed run has left rebooting.
    const before = await this.nodes.patiently(() => talosVersionOf(this.nodes, machine));
    if (!(await this.isThere(machine, reason))) {
      const problem = versionStepProblem("Talos", before, machine.talosVersion);
      if (problem !== undefined) throw new Error(`${doing}: ${problem}`);
      await this.prepare(machine, doing);
      // A killed run may have had the node begin; it was still draining then, and is back by now.
      if (!(await this.isThere(machine, reason))) await this.install(machine, reason, doing);
    }
    await this.settle(machine, reason, doing, before);
  }

  /** Whether the node has what it is to have. Only a schematic tells two installers of one version apart. */
  private async isThere(machine: MachineSpec, reason: UpgradeReason): Promise<boolean> {
    const version = await this.nodes.patiently(() => talosVersionOf(this.nodes, machine));
    if (version !== machine.talosVersion || reason === "version") return version === machine.talosVersion;
    const schematic = schematicOfImage(machine.image);
    return schematic !== undefined && schematic === (await schematicOf(this.nodes, machine));
  }

  /** Takes nothing away from a control plane that is short of a member; what is there is saved before the first of them changes. */
  private async prepare(machine: MachineSpec, doing: string): Promise<void> {
    if (machine.machineType === "worker") return this.health.untilRunning(machine, doing);
    const members = await this.health.untilControlPlaneWell(machine, doing);
    if (await this.anyHasBegun(machine, members)) return;
    const path = this.snapshots.pathFor(machine.clusterName, `talos-${machine.talosVersion}`);
    await takeSnapshot(this.nodes, machine, path);
  }

  /** Whether another control plane has the version already: then the snapshot was taken before that one changed. */
  private async anyHasBegun(machine: MachineSpec, members: readonly Member[]): Promise<boolean> {
    const others = members.filter(({ address }) => address !== machine.node);
    const versions = await Promise.all(
      others.map(({ address }) => talosVersionOf(this.nodes, { ...machine, node: address })),
    );
    return versions.includes(machine.talosVersion);
  }

  private async install(machine: MachineSpec, reason: UpgradeReason, doing: string): Promise<void> {
    try {
      await this.nodes.run(machine, doing, ["upgrade", "--image", machine.image, "--wait"], 30 * minutes);
    } catch (error) {
      // talosctl loses sight of nodes that come back as they should.
      if (!(await this.isThere(machine, reason))) throw error;
    }
  }

  private async settle(machine: MachineSpec, reason: UpgradeReason, doing: string, before: string): Promise<void> {
    // talosctl takes a node that fell back for upgraded: it sees a reboot, and a node that is ready.
    const hasSchematic = schematicOfImage(machine.image) !== undefined;
    if (!(await this.isThere(machine, hasSchematic ? reason : "version"))) {
      const now = await talosVersionOf(this.nodes, machine);
      throw new Error(
        `${doing}: it came back with Talos ${now}${now === before ? ", the one it had: Talos rolled back" : ""}. The node ` +
          `runs, and no other was touched. See why in its kernel log (talosctl dmesg) and whether ${machine.image} is for this ` +
          "machine; then run up again, or name the old version again.",
      );
    }
    if (machine.machineType === "worker") await this.health.untilReady(machine, `after ${doing}`);
    else await this.health.untilControlPlaneWell(machine, `after ${doing}`);
  }
}
