import { declaredReach, lineOf, membersOf, type Served, servedIn } from "./declared";
import type { PolicyTest } from "./policy";
import { sorted, type Topology } from "./topology";

/**
 * The tests of a policy: for every port that machines serve, who must get through and who must not.
 *
 * They hold whether a server takes a word for itself or for all nodes that carry it: a source must get through where the
 * spec names both source and destination, and must not where nobody who carries the one may reach anybody who carries the
 * other. Destinations are tags: a network cannot be one (400 by Tailscale and by Headscale 0.29, see
 * hscontrol/policy/v2/testdata/policytest_results), nor can a list of ports.
 */
export function planTests(topology: Topology): PolicyTest[] {
  const members = membersOf(topology);
  const served = servedIn(topology).filter(({ dst, places }) => dst.startsWith("tag:") && places.length > 0);
  const reach = new Set(declaredReach(topology).map(lineOf));
  const isKeptOut = (from: string, { places, port, protocol }: Served) =>
    places.every((to) => from !== to && !reach.has(lineOf({ from, to, port, protocol })));
  return sorted(members.flatMap(({ aliases }) => aliases)).flatMap((source) => {
    const carriers = members.filter(({ aliases }) => aliases.includes(source));
    const accepted = (one: Served) => one.to.includes(source);
    const denied = (one: Served) => carriers.every(({ name }) => isKeptOut(name, one));
    return (["tcp", "udp"] as const).flatMap((proto) => {
      const asked = served.filter(({ protocol }) => protocol === proto);
      return testOf(source, proto, targets(asked.filter(accepted)), targets(asked.filter(denied)));
    });
  });
}

function testOf(src: string, proto: string, accept: readonly string[], deny: readonly string[]): PolicyTest[] {
  if (accept.length + deny.length === 0) return [];
  return [{ src, proto, ...(accept.length === 0 ? {} : { accept }), ...(deny.length === 0 ? {} : { deny }) }];
}

function targets(served: readonly Served[]): string[] {
  return sorted(served.map(({ dst, port }) => `${dst}:${port}`));
}
