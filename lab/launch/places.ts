import { existsSync, readFileSync } from "node:fs";
import { type LabPlaces, labPlaces } from "../../stacks/labPlaces";
import { freeTcpPort } from "../control/ports";
import { type ConfigPath, type ConfigValue, readStackFile, valueAt } from "./config";
import type { LabFolder } from "./folder";

/** What of an estate the full lab runs, and so has to place. */
export interface FullLab {
  /** Whether the estate runs a tailnet hub of its own. */
  readonly hub: boolean;
  /** Names of its Proxmox hosts. */
  readonly hosts: readonly string[];
  /** Names of its machines that run Talos. */
  readonly talos: readonly string[];
  /** Names of its clusters. */
  readonly clusters: readonly string[];
}

/** Where the stack's configuration has the places. */
export const placesKey: ConfigPath = ["estate:lab"];

const loopback = "127.0.0.1";

/**
 * Gives everything a free port of loopback. What was placed in an earlier run stays where it is: addresses stand in the state.
 *
 * @param before the configuration's value of that run
 */
export async function choosePlaces(
  { hub, hosts, talos, clusters }: FullLab,
  folder: Pick<LabFolder, "snapshots">,
  before: ConfigValue | undefined,
): Promise<LabPlaces> {
  const kept = labPlaces.safeParse(before).data;
  const port = portChooser(portsIn(JSON.stringify(kept ?? {})));
  const url = async (): Promise<string> => `https://${loopback}:${String(await port())}`;
  return {
    ...(hub ? { hub: kept?.hub ?? (await url()) } : {}),
    ...(hosts.length === 0
      ? {}
      : {
          proxmox: {
            endpoint: kept?.proxmox?.endpoint ?? `${await url()}/`,
            ssh: await table(
              hosts,
              async (name) => kept?.proxmox?.ssh[name] ?? { address: loopback, port: await port() },
            ),
          },
        }),
    talos: await table(talos, async (name) => kept?.talos[name] ?? `${loopback}:${String(await port())}`),
    snapshots: folder.snapshots,
    kubernetes: await table(clusters, async (name) => kept?.kubernetes[name] ?? (await url())),
  };
}

/** What a prepared lab runs and where; undefined when it was not prepared, or runs nothing. */
export function readPlaces({ config }: Pick<LabFolder, "config">): LabPlaces | undefined {
  if (!existsSync(config)) return undefined;
  return labPlaces.safeParse(valueAt(readStackFile(readFileSync(config, "utf8"), config).config, placesKey)).data;
}

function portsIn(text: string): number[] {
  return [...text.matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
}

/** Free ports, no two the same: as long as nothing listens on one, it could be found twice. */
function portChooser(kept: readonly number[]): () => Promise<number> {
  const given = new Set(kept);
  return async () => {
    for (;;) {
      const port = await freeTcpPort();
      if (given.has(port)) continue;
      given.add(port);
      return port;
    }
  };
}

async function table<T>(names: readonly string[], make: (name: string) => Promise<T>): Promise<Record<string, T>> {
  const made: Record<string, T> = {};
  for (const name of names) made[name] = await make(name);
  return made;
}
