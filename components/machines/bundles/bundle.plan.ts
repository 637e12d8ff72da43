import type { ExternalMachine } from "../../../stacks/estate";
import { type JoinArgs, type JoinPlan, planJoin } from "../../tailnet/join";
import { sortedEntries, tagsOf, type Topology } from "../../tailnet/topology";
import { linuxBundle } from "./linux";
import { macosBundle } from "./macos";
import { openwrtBundle } from "./openwrt";
import { windowsBundle } from "./windows";

type Runs = ExternalMachine["runs"][string];

/** A port of a machine and what answers there, as far as the bundle sets it up. */
export interface BundleService {
  readonly name: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** undefined: somebody sets it up by hand */
  readonly runs: Runs | undefined;
}

/** What a join bundle does, without its key. */
export interface BundlePlan {
  readonly os: ExternalMachine["os"];
  readonly join: JoinPlan;
  /** The tags that the key gives, sorted: "tag:field". */
  readonly tags: readonly string[];
  readonly services: readonly BundleService[];
}

/** What a bundle is written from. */
export type BundleArgs = BundlePlan & Pick<JoinArgs, "loginServer" | "authKey">;

/** What the topology says about a machine that nobody creates through an API. */
export function planBundle(topology: Topology, name: string, machine: ExternalMachine): BundlePlan {
  return {
    os: machine.os,
    join: planJoin(topology, name, machine),
    tags: tagsOf(name, machine),
    services: sortedEntries(machine.serves).map(([service, { port, protocol }]) => ({
      name: service,
      port,
      protocol,
      runs: machine.runs[service],
    })),
  };
}

/**
 * The join bundle of a machine: one script that a person runs on it, once with rights to install. It installs Tailscale as
 * its maker documents it, joins with the machine's own key, sets up what the machine runs, and says in words whether it
 * worked; with the argument "check" it only says so. Secret as a whole: the key is in it, and in a file of the machine for as
 * long as joining takes, never on a command line.
 *
 * Ran in tests: the scripts for Linux and OpenWrt, with stand-ins for the system's programs. The one for Windows was read, and
 * none of them was run on a machine of its kind.
 */
export function renderBundle(args: BundleArgs): string {
  switch (args.os) {
    case "linux":
      return linuxBundle(args);
    case "macos":
      return macosBundle(args);
    case "openwrt":
      return openwrtBundle(args);
    case "windows":
      return windowsBundle(args);
    default:
      return args.os satisfies never;
  }
}
