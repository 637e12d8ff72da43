import { retry, type Patience } from "../../common/retry";

import type { MachineSpec } from "./api";
import { UnhealthyError, type Health } from "./health";
import type { Nodes } from "./nodes";
import { SecretFolder } from "./secretFiles";
import { isUnreachable, TalosctlError } from "./talosctl";

/** Sends nodes their configuration. It reaches talosctl by a file that is gone afterwards. */
export class Configuring {
  constructor(
    private readonly nodes: Nodes,
    private readonly health: Health,
    private readonly patience: Patience,
  ) {}

  /** To a node that may be in maintenance mode: it knows nobody then, and takes its first configuration from anyone. */
  first(machine: MachineSpec, config: string): Promise<void> {
    return this.withFile(machine, config, async (doing, file) => {
      try {
        await this.nodes.run(machine, doing, ["apply-config", "--file", file]);
      } catch (error) {
        if (!(error instanceof TalosctlError) || !isStranger(error.said)) throw error;
        // Without a talosconfig talosctl connects to the nodes themselves, and heeds no endpoints.
        const target = ["--nodes", machine.endpoint, "--file", file];
        await this.nodes.talosctl.run(doing, ["apply-config", "--insecure", ...target]);
      }
    });
  }

  /**
   * To a node of the cluster. What Talos takes over without a reboot is just sent; before a reboot all control planes have to
   * be well, and again after it, so that the next one finds a majority.
   */
  change(machine: MachineSpec, config: string): Promise<void> {
    return this.withFile(machine, config, async (doing, file) => {
      try {
        await this.nodes.run(machine, doing, ["apply-config", "--mode=no-reboot", "--file", file]);
      } catch (error) {
        if (!(error instanceof TalosctlError) || !needsReboot(error.said)) throw error;
        await this.reboot(machine, doing, file);
      }
    });
  }

  private async reboot(machine: MachineSpec, doing: string, file: string): Promise<void> {
    await this.untilWell(machine, doing);
    const before = await this.bootId(machine);
    await this.nodes.run(machine, doing, ["apply-config", "--mode=reboot", "--file", file]);
    await retry(this.patience, isPassing, async () => {
      if ((await this.bootId(machine)) === before)
        throw new UnhealthyError(`${doing}: ${machine.node} has not rebooted, although its configuration needs it`);
    });
    await this.untilWell(machine, `after ${doing}`);
  }

  private async untilWell(machine: MachineSpec, doing: string): Promise<void> {
    if (machine.machineType === "worker") await this.health.untilReady(machine, doing);
    else await this.health.untilControlPlaneWell(machine, doing);
  }

  /** Another one after every boot. */
  private bootId(machine: MachineSpec): Promise<string> {
    const ask = ["read", "/proc/sys/kernel/random/boot_id"];
    return this.nodes.run(machine, `asking ${machine.node} for its boot`, ask);
  }

  private withFile(
    machine: MachineSpec,
    config: string,
    send: (doing: string, file: string) => Promise<void>,
  ): Promise<void> {
    return SecretFolder.during(async (folder) => {
      const file = await folder.write("machine.yaml", config);
      await this.nodes.patiently(() => send(`configuring ${machine.node}`, file));
    });
  }
}

/** Whether the node has a certificate that this client's authority did not sign: one in maintenance mode signs its own. */
function isStranger(said: string): boolean {
  return /x509|certificate|tls:/i.test(said);
}

/** What CanApplyImmediate says: https://github.com/siderolabs/talos/blob/v1.12.0/internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_runtime.go */
function needsReboot(said: string): boolean {
  return said.includes("can't be applied in immediate mode");
}

function isPassing(error: unknown): boolean {
  return error instanceof UnhealthyError || (error instanceof TalosctlError && isUnreachable(error.said));
}
