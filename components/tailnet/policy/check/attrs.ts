import { pathTo } from "../hujson";
import { covers, overlaps, parseNetwork, type IpRange } from "../ip";
import { checkAlias, each, report, type Check, type Place } from "./context";

const target: Place = {
  kinds: ["any", "user", "group", "tag", "host", "network", "autogroup"],
  autogroups: ["autogroup:member", "autogroup:tagged"],
};

const tailscaleTarget: Place = {
  ...target,
  autogroups: [
    ...target.autogroups,
    ...["admin", "owner", "it-admin", "network-admin"].map((name) => `autogroup:${name}`),
  ],
};

const network = (text: string): IpRange[] => {
  const range = parseNetwork(text);
  return range === undefined ? [] : [range];
};
const POOL = network("100.64.0.0/10");
/** Addresses that clients use for themselves (Headscale types.go, reservedTSRanges). */
const RESERVED = ["100.100.100.0/24", "100.115.92.0/23"];

/** Node attributes. */
export function checkAttrs(check: Check): void {
  const isHeadscale = check.server === "headscale";
  for (const [index, entry] of (check.policy.nodeAttrs ?? []).entries()) {
    const path = pathTo("nodeAttrs", index);
    for (const [at, alias] of each(`${path}.target`, entry.target)) {
      checkAlias(check, at, alias, isHeadscale ? target : tailscaleTarget);
    }
    for (const [at, attr] of each(`${path}.attr`, entry.attr)) {
      if (!isHeadscale || attr !== "funnel") continue;
      report(check, at, attr, "is not supported by Headscale", "other attributes", "remove it");
    }
    for (const [at, pool] of each(`${path}.ipPool`, entry.ipPool)) checkPool(check, at, pool);
  }
}

function checkPool(check: Check, at: string, pool: string): void {
  const range = parseNetwork(pool);
  if (check.server === "headscale") {
    report(check, at, pool, "is not supported by Headscale", "no ipPool", "remove it");
  } else if (range === undefined || !POOL.some((outer) => covers(outer, range))) {
    report(check, at, pool, "is no network of the tailnet", "networks within 100.64.0.0/10", "correct it");
  } else if (RESERVED.flatMap(network).some((reserved) => overlaps(reserved, range))) {
    report(
      check,
      at,
      pool,
      "overlaps addresses that clients keep for themselves",
      `not ${RESERVED.join(", ")}`,
      "move it",
    );
  }
}
