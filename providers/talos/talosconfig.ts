import { stringify } from "yaml";
import { z } from "zod";

/** What a client of the Talos API needs to be let in: certificate authority, certificate and key, each PEM in base64. */
export const clientConfiguration = z.object({ ca: z.string(), crt: z.string(), key: z.string() });
export type ClientConfiguration = z.output<typeof clientConfiguration>;

/** The file talosctl reads: https://docs.siderolabs.com/talos/v1.12/learn-more/talosctl */
export function talosconfigText(
  cluster: string,
  { ca, crt, key }: ClientConfiguration,
  endpoints: readonly string[],
  nodes: readonly string[] = [],
): string {
  return stringify({ context: cluster, contexts: { [cluster]: { endpoints, nodes, ca, crt, key } } });
}
