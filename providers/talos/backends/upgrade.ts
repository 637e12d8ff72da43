import { versionStepProblem } from "../versions";

import type { MachineSpec, UpgradeReason } from "./api";
import type { Health, Member } from "./health";
import type { Access, Nodes } from "./nodes";
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
    const before = await this.nodes.patiently(() => this.version(machine));
    if (reason === "installer" || before !== machine.talosVersion) {
      const problem = versionStepProblem("Talos", before, machine.talosVersion);
      if (problem !== undefined) throw new Error(`${doing}: ${problem}`);
      await this.prepare(machine, doing);
      await this.install(machine, doing);
    }
    await this.settle(machine, doing, before);
  }

  /** The version a node runs, without "v". */
  async version(at: Access): Promise<string> {
    const said = await this.nodes.run(at, `asking ${at.node} for its version`, ["version"]);
    const tag = /Server:[\s\S]*?Tag:\s+v?(\S+)/.exec(said)?.[1];
    if (tag === undefined) throw new Error(`asking ${at.node} for its version: talosctl named none`);
    return tag;
  }

  /** Takes nothing away from a control plane that is short of a member; what is there is saved before the first of them changes. */
  private async prepare(machine: MachineSpec, doing: string): Promise<void> {
    if (machine.machineType === "worker") return;
    const members = await this.health.untilControlPlaneWell(machine, doing);
    if (await this.anyHasBegun(machine, members)) return;
    const path = this.snapshots.pathFor(machine.clusterName, `talos-${machine.talosVersion}`);
    await takeSnapshot(this.nodes, machine, path);
  }

  /** Whether another control plane has the version already: then the snapshot was taken before that one changed. */
  private async anyHasBegun(machine: MachineSpec, members: readonly Member[]): Promise<boolean> {
    const others = members.filter(({ address }) => address !== machine.node);
    const versions = await Promise.all(others.map(({ address }) => this.version({ ...machine, node: address })));
    return versions.includes(machine.talosVersion);
  }

  private async install(machine: MachineSpec, doing: string): Promise<void> {
    try {
      await this.nodes.run(machine, doing, ["upgrade", "--image", machine.image, "--wait"], 30 * minutes);
    } catch (error) {
      // talosctl loses sight of nodes that come back as they should.
      const now = await this.nodes.patiently(() => this.version(machine));
      if (now !== machine.talosVersion) throw error;
    }
  }

  private async settle(machine: MachineSpec, doing: string, before: string): Promise<void> {
    // talosctl takes a node that fell back for upgraded: it sees a reboot, and a node that is ready.
    const now = await this.nodes.patiently(() => this.version(machine));
    if (now !== machine.talosVersion)
      throw new Error(
        `${doing}: it came back with Talos ${now}${now === before ? ", the one it had: Talos rolled back" : ""}. The node ` +
          `runs, and no other was touched. See why in its kernel log (talosctl dmesg) and whether ${machine.image} is for this ` +
          "machine; then run up again, or name the old version again.",
      );
    if (machine.machineType === "worker") await this.health.untilReady(machine, `after ${doing}`);
    else await this.health.untilControlPlaneWell(machine, `after ${doing}`);
  }
}
