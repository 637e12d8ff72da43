import ipaddr from "ipaddr.js";
import { type App, type Cluster, type Control, type Estate, hubOf, type Machine, type TailnetSpec } from "./estate";
import { lookup } from "./lookup";
import type { EstateShape } from "./schema";

/**
 * Fills in what follows from other entries: addresses of VMs, endpoints of clusters, namespaces of apps. Total: where
 * a reference is broken it fills in "" and leaves the complaint to the checks, so that all problems come at once.
 */
export function complete(shape: EstateShape): Estate {
  const machines = mapValues(shape.machines, (machine): Machine => {
    if (machine.kind === "external") return machine;
    const cidr = lookup(shape.networks, machine.network)?.cidr;
    return { ...machine, kind: "vm", address: machine.address ?? nthAddress(cidr, machine.vmId) };
  });
  return {
    ...shape,
    machines,
    tailnet: completeTailnet(shape),
    clusters: mapValues(shape.clusters, (cluster): Cluster => {
      if (cluster.kind === "existing") return cluster;
      const first = lookup(machines, cluster.controlPlanes[0]);
      return { ...cluster, endpoint: cluster.vip ?? (first?.kind === "vm" ? first.address : "") };
    }),
    apps: mapValues(shape.apps, (app, name): App => ({ ...app, namespace: app.namespace ?? name })),
  };
}

/** Only a hub of the estate's own can be given a base domain; every other one has it. */
function completeTailnet({ domain, tailnet }: EstateShape): TailnetSpec {
  const control = controlOf(tailnet.control);
  const own = hubOf({ control }) === undefined ? "" : `tailnet.${domain}`;
  return { ...tailnet, control, baseDomain: tailnet.baseDomain ?? own };
}

/** The shape has seen to it that a Headscale has one of both. */
function controlOf(control: EstateShape["tailnet"]["control"]): Control {
  if (control.kind === "tailscale") return control;
  const { kind, on, loginServer, apiKeyEdition = 1 } = control;
  return loginServer === undefined ? { kind, on: on ?? "", apiKeyEdition } : { kind, loginServer };
}

/** The n-th address of a network: nthAddress("192.168.10.0/24", 100) is 192.168.10.100; "" when there is none. */
export function nthAddress(cidr: string | undefined, n: number): string {
  if (cidr === undefined) return "";
  const [, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  if (n <= 0 || n >= 2 ** (32 - prefix) - 1) return "";
  const start = ipaddr.IPv4.networkAddressFromCIDR(cidr)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0);
  const value = start + n;
  return new ipaddr.IPv4([24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256)).toString();
}

function mapValues<A, B>(table: Record<string, A>, change: (value: A, key: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, change(value, key)]));
}
