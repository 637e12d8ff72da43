import type { AclRule, Policy } from "../../../../../components/tailnet/policy";
import type { PolicyNode } from "../../../../../components/tailnet/reach";

/** How much of what there is. */
export interface Size {
  readonly nodes: number;
  readonly rules: number;
  readonly tags: number;
  readonly users: number;
  readonly groups: number;
  /** The most tags that a node carries. */
  readonly tagsPerNode: number;
}

/** A thousand nodes and three hundred rules, of the kinds that policies have. */
export const LARGE: Size = { nodes: 1000, rules: 300, tags: 60, users: 150, groups: 25, tagsPerNode: 1 };

/** A large tailnet, the same for the same seed: users and tags, routers, rules by every kind of alias, one's own devices. */
export function largeTailnet(size: Size, seed: number): { readonly policy: Policy; readonly nodes: PolicyNode[] } {
  const draw = generator(seed);
  const names = (prefix: string, count: number, suffix = "") =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}${suffix}`);
  const tags = names("tag:t", size.tags);
  const users = names("u", size.users, "@");
  const groups = names("group:g", size.groups);
  const one = (of: readonly string[]): string => of[draw(of.length)] ?? "";
  const nodes = Array.from({ length: size.nodes }, (_, index): PolicyNode => {
    const four = `100.${64 + Math.floor(index / 65_536)}.${Math.floor(index / 256) % 256}.${index % 256}`;
    const who =
      index % 3 === 0 ? { user: one(users) } : { tags: names("", 1 + draw(size.tagsPerNode)).map(() => one(tags)) };
    const routes = index % 50 === 1 ? { routes: [`10.${Math.floor(index / 256)}.${index % 256}.0/24`] } : {};
    return { name: `n${index}`, addresses: [four, `fd7a:115c:a1e0::${(index + 1).toString(16)}`], ...who, ...routes };
  });
  const alias = () =>
    one([one(tags), one(tags), one(groups), one(users), "autogroup:member", `100.64.${draw(4)}.0/24`, "10.0.0.0/14"]);
  const rule = (index: number): AclRule =>
    index % 50 === 0
      ? { action: "accept", src: ["autogroup:member"], dst: ["autogroup:self:*"] }
      : {
          action: "accept",
          proto: one(["tcp", "udp"]),
          src: [alias(), alias()],
          dst: [`${alias()}:${1 + draw(60_000)}`, `${alias()}:80,443,8000-8100`],
        };
  const policy: Policy = {
    groups: Object.fromEntries(groups.map((group) => [group, users.filter(() => draw(size.groups) < 2)])),
    tagOwners: Object.fromEntries(tags.map((tag) => [tag, []])),
    acls: Array.from({ length: size.rules }, (_, index) => rule(index)),
  };
  return { policy, nodes };
}

/** Whole numbers below a bound, the same row for the same seed. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}
