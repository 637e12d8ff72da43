import type { Estate } from "../../stacks/estate";
import { type Names, planNames } from "./names.plan";
import { planPolicy, type TailnetPolicy } from "./policy.plan";
import { provePolicy } from "./policy.proof";
import { joins, ownTag, sortedEntries, tagsOf, type Topology } from "./topology";

type Duration = Estate["tailnet"]["keyExpiry"];

/** A key with which nodes join and get their tags. Every key expires. */
export interface KeyPlan {
  readonly tags: readonly string[];
  /** Whether more than one node may join with it. */
  readonly reusable: boolean;
  /** Whether a node that joined with it is forgotten when it goes. */
  readonly ephemeral: boolean;
  readonly expiry: Duration;
}

/** What a tailnet consists of. */
export interface TailnetPlan {
  /** Users by the names that the policy knows. */
  readonly users: readonly { readonly name: string; readonly email: string }[];
  readonly policy: TailnetPolicy;
  readonly names: Names;
  /** By machine. */
  readonly joinKeys: readonly (readonly [machine: string, key: KeyPlan])[];
  /** By repository. */
  readonly runnerKeys: readonly (readonly [repository: string, key: KeyPlan])[];
  /** Networks that the policy approves by itself, by the machine that routes them. */
  readonly routes: readonly (readonly [machine: string, cidrs: readonly string[]])[];
}

/**
 * Runners join for as long as jobs come, not only on the day the estate is brought up; a day's key would end the pool. What
 * the key opens is what is served to the runners' tag.
 */
const runnerKeyExpiry: Duration = "30 days";

/**
 * Plans a tailnet: a user per person, a single-use key per machine that joins, an ephemeral one per runner pool, the policy.
 *
 * @throws InputPropertiesError when the policy would let through more than the spec says, or less
 */
export function planTailnet(topology: Topology): TailnetPlan {
  const policy = planPolicy(topology);
  provePolicy(topology, policy);
  const nodes = sortedEntries(topology.machines).filter(([name, machine]) => joins(topology, name, machine));
  return {
    users: sortedEntries(topology.people).map(([name, { email }]) => ({ name, email })),
    policy,
    names: planNames(topology),
    joinKeys: nodes.map(([name, machine]) => [
      name,
      { tags: tagsOf(name, machine), reusable: false, ephemeral: false, expiry: topology.tailnet.keyExpiry },
    ]),
    runnerKeys: sortedEntries(topology.repositories).flatMap(([name, { runners }]) =>
      runners === undefined
        ? []
        : [
            [
              name,
              { tags: [`tag:${runners.ephemeral.tag}`], reusable: true, ephemeral: true, expiry: runnerKeyExpiry },
            ],
          ],
    ),
    routes: nodes.flatMap(([name]) => {
      const cidrs = routesOf(policy, name);
      return cidrs.length === 0 ? [] : [[name, cidrs]];
    }),
  };
}

function routesOf({ autoApprovers }: TailnetPolicy, machine: string): string[] {
  return sortedEntries(autoApprovers.routes).flatMap(([cidr, tags]) => (tags.includes(ownTag(machine)) ? [cidr] : []));
}
