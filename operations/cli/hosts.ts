import { join } from "node:path";
import { hypervisorRuns, startHypervisor, stopHypervisor } from "../../lab/hypervisor";
import type { FullLab, LabFolder } from "../../lab/launch";
import { readPlaces } from "../../lab/launch";
import { clusterOf } from "../../lab/proxmox";
import { type Estate, existingClustersOf, hubOf, nodeNames, talosClustersOf } from "../../stacks/estate";
import type { Context } from "./context";
import { CommandError, exit } from "./exit";
import { goneRemedy } from "./machines";

/**
 * What of an estate the full lab runs.
 *
 * @throws CommandError for a cluster that exists: the lab has none that could stand for it
 */
export function fullLabOf({ tailnet, hosts, clusters }: Estate): FullLab {
  const existing = existingClustersOf({ clusters }).map(([name]) => `clusters.${name}`);
  if (existing.length > 0)
    throw new CommandError(
      `LAB=full has no cluster to stand for one that exists: ${existing.join(", ")}. LAB=embedded simulates it.`,
      exit.usage,
    );
  return {
    hub: hubOf(tailnet) !== undefined,
    hosts: Object.keys(hosts),
    talos: Object.values(clusters).flatMap(nodeNames),
    clusters: talosClustersOf({ clusters }).map(([name]) => name),
  };
}

/** Starts the full lab's hosts when they do not run, or run by another spec. */
export async function startHosts(context: Pick<Context, "say" | "stack">, lab: LabFolder, spec: Estate): Promise<void> {
  const places = readPlaces(lab);
  if (places === undefined) throw new Error(`the lab of stack ${context.stack} was not prepared`);
  try {
    await startHypervisor({
      directory: lab.hypervisor,
      plan: {
        ...(Object.keys(spec.hosts).length === 0 ? {} : { cluster: clusterOf(spec) }),
        places,
        machines: lab.machines,
      },
      command: [process.execPath, join(lab.bundles, "hypervisor.cjs")],
      say: context.say,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`The hosts of the lab do not come up. ${reason}\n${goneRemedy(context.stack)}`);
  }
}

/** Ends the full lab's hosts, Talos machines and clusters. */
export function stopHosts(lab: LabFolder): Promise<void> {
  return stopHypervisor(lab.hypervisor);
}

/** Whether the full lab's hosts run. */
export function hostsRun(lab: LabFolder): boolean {
  return hypervisorRuns(lab.hypervisor);
}
