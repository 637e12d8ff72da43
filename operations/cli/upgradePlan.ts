import { z } from "zod";
import { parse } from "yaml";
import type { NodeVersions } from "../../components/clusters/talosCluster/upgrade.plan";
import { World } from "../../lab/world";
import { kubernetesVersionOf, talosVersionOf } from "../../providers/talos/backends/facts";
import { Nodes } from "../../providers/talos/backends/nodes";
import { Talosctl } from "../../providers/talos/backends/talosctl";
import { clientConfiguration } from "../../providers/talos/talosconfig";
import { CommandError } from "./exit";

const outputsSchema = z.object({
  public: z.object({ machines: z.record(z.string(), z.string()) }),
  secret: z.object({ talosconfigs: z.record(z.string(), z.string()) }),
});

/** What the outputs of a stack say about its nodes. */
export interface NodeOutputs {
  /** By machine. */
  readonly addresses: Readonly<Record<string, string>>;
  /** YAML, secret; by cluster. */
  readonly talosconfigs: Readonly<Record<string, string>>;
}

/**
 * Reads what `pulumi stack output --json --show-secrets` prints.
 *
 * @returns undefined when the stack was never brought up
 */
export function readNodeOutputs(json: string): NodeOutputs | undefined {
  const outputs = outputsSchema.safeParse(JSON.parse(json)).data;
  return outputs && { addresses: outputs.public.machines, talosconfigs: outputs.secret.talosconfigs };
}

const talosconfigSchema = z.object({
  context: z.string(),
  contexts: z.record(z.string(), clientConfiguration.extend({ endpoints: z.array(z.string()).min(1) })),
});

/** Asks nodes what they run, through talosctl. The talosconfig reaches it by a file that is gone afterwards. */
export async function askNodes(
  talosctl: string,
  talosconfig: string,
  addresses: Readonly<Record<string, string>>,
): Promise<Record<string, NodeVersions>> {
  const { context: clusterName, contexts } = talosconfigSchema.parse(parse(talosconfig));
  const { endpoints: [endpoint = ""] = [], ...client } = contexts[clusterName] ?? { ca: "", crt: "", key: "" };
  const nodes = new Nodes(new Talosctl(talosctl), { attempts: 1, pause: 0 });
  const found = Object.entries(addresses).map(async ([name, node]) => {
    const at = { clusterName, node, endpoint, clientConfiguration: client };
    try {
      return [name, await versionsOf(nodes, at)] as const;
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw new CommandError(
        `${name} cannot be asked what it runs, so there is no plan: ${said}\n` +
          "Switch it on, or take it out of the spec; an upgrade begins only while every node answers.",
      );
    }
  });
  return Object.fromEntries(await Promise.all(found));
}

async function versionsOf(nodes: Nodes, at: Parameters<typeof talosVersionOf>[1]): Promise<NodeVersions> {
  return { talos: await talosVersionOf(nodes, at), kubernetes: await kubernetesVersionOf(nodes, at) };
}

const simulatedMachine = z.object({ talosVersion: z.string(), kubernetesVersion: z.string() });

/** What the nodes of a simulated world run, by the world's file. */
export function simulatedNodes(
  world: string,
  addresses: Readonly<Record<string, string>>,
): Record<string, NodeVersions> {
  const machines = new World(world).read().resources["talos:index:Machine"] ?? {};
  return Object.fromEntries(
    Object.entries(addresses).flatMap(([name, address]) => {
      const machine = simulatedMachine.safeParse(machines[address]).data;
      return machine === undefined
        ? []
        : [[name, { talos: machine.talosVersion, kubernetes: machine.kubernetesVersion }] as const];
    }),
  );
}
