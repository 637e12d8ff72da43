import { parseAlias, splitTarget } from "../policy/alias";
import { pathTo } from "../policy/hujson";
import type { Policy, Server } from "../policy/model";
import type { PolicyProblem } from "../policy/problems";
import { usersNamed, type Network } from "./nodes";

const ROLES = ["admin", "network-admin", "it-admin", "billing-admin", "auditor", "owner"].map(
  (role) => `autogroup:${role}`,
);

/** What a policy says that the evaluator cannot answer for, and users that the server could not tell apart. */
export function unsupported(policy: Policy, server: Server, network: Network): PolicyProblem[] {
  const unknown = server === "headscale" && network.hasAllUsers ? unknownTargets(policy, network) : [];
  return [
    ...fields(policy),
    ...unknown,
    ...aliasesOf(policy).flatMap(([path, alias]) => aliasProblems(path, alias, server, network)),
  ];
}

function fields(policy: Policy): PolicyProblem[] {
  const rules = [
    ...(policy.acls ?? []).map((rule, index) => [pathTo("acls", index), rule] as const),
    ...(policy.grants ?? []).map((rule, index) => [pathTo("grants", index), rule] as const),
    ...(policy.ssh ?? []).map((rule, index) => [pathTo("ssh", index), rule] as const),
  ];
  const postures = rules.flatMap(([path, { srcPosture = [] }]) =>
    srcPosture.length > 0 ? [`${path}.srcPosture`] : [],
  );
  const connectors = (policy.nodeAttrs ?? []).flatMap(({ app }, index) =>
    app === undefined ? [] : [`${pathTo("nodeAttrs", index)}.app`],
  );
  const defaults = (policy.defaultSrcPosture ?? []).length > 0 ? ["defaultSrcPosture"] : [];
  return [
    ...[...postures, ...defaults].map((path) => notEvaluated(path, "makes access depend on the state of a device")),
    ...connectors.map((path) => notEvaluated(path, "makes routes that are known only when names are resolved")),
  ];
}

/** Headscale lets rules name users that it does not know, but not node attributes (compiled.go, compileNodeAttrs). */
function unknownTargets({ nodeAttrs = [], groups = {} }: Policy, { users }: Network): PolicyProblem[] {
  return nodeAttrs.flatMap(({ target, attr = [] }, index) =>
    target.flatMap((alias, at): PolicyProblem[] => {
      const { kind } = parseAlias(alias);
      const words = kind === "user" ? [alias] : kind === "group" ? (groups[alias] ?? []) : [];
      if (attr.length === 0 || words.every((word) => usersNamed(users, word).length === 1)) return [];
      const path = `nodeAttrs[${index}].target[${at}]`;
      const reason = "means a user whom the server does not know";
      return [
        { path, value: alias, reason, allowed: users.map(({ name }) => name).join(", "), remedy: "name another" },
      ];
    }),
  );
}

function notEvaluated(path: string, reason: string, value?: string): PolicyProblem {
  const shown = value === undefined ? {} : { value };
  return { path, ...shown, reason, allowed: "what can be evaluated", remedy: "evaluate the policy without it" };
}

function aliasProblems(path: string, alias: string, server: Server, { users }: Network): PolicyProblem[] {
  const { kind } = parseAlias(alias);
  if (kind === "other") return [notEvaluated(path, "is not evaluated", alias)];
  if (alias === "autogroup:shared") return [notEvaluated(path, "means devices of other tailnets", alias)];
  if (ROLES.includes(alias) && users.some(({ roles }) => roles === undefined)) {
    const remedy = "give the users with their roles";
    return [{ path, value: alias, reason: "needs the roles of users", allowed: "users with roles", remedy }];
  }
  const named = kind === "user" ? usersNamed(users, alias) : [];
  if (server !== "headscale" || named.length < 2 || path.startsWith("grants")) return [];
  const allowed = "a word that one user has";
  return [{ path, value: alias, reason: "means more than one user", allowed, remedy: "use the e-mail address" }];
}

/** Every alias of a policy with its path. */
function aliasesOf(policy: Policy): [path: string, alias: string][] {
  const list = (path: string, values: readonly string[] | undefined) =>
    (values ?? []).map((value, index): [string, string] => [pathTo(path, index), value]);
  const table = (path: string, values: Policy["groups"]) =>
    Object.entries(values ?? {}).flatMap(([name, items]) => list(pathTo(path, name), items));
  const target = (text: string) => {
    const split = splitTarget(text);
    return "wrong" in split ? text : split.alias;
  };
  return [
    ...table("groups", policy.groups),
    ...table("tagOwners", policy.tagOwners),
    ...table("autoApprovers.routes", policy.autoApprovers?.routes),
    ...list("autoApprovers.exitNode", policy.autoApprovers?.exitNode),
    ...(policy.acls ?? []).flatMap(({ src, dst }, index) => [
      ...list(`acls[${index}].src`, src),
      ...list(`acls[${index}].dst`, dst.map(target)),
    ]),
    ...(policy.grants ?? []).flatMap(({ src, dst }, index) => [
      ...list(`grants[${index}].src`, src),
      ...list(`grants[${index}].dst`, dst),
    ]),
    ...(policy.ssh ?? []).flatMap(({ src, dst }, index) => [
      ...list(`ssh[${index}].src`, src),
      ...list(`ssh[${index}].dst`, dst),
    ]),
  ];
}
