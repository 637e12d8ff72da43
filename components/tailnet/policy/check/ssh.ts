import { parseAlias, type Alias } from "../alias";
import { pathTo } from "../hujson";
import { parseDuration } from "../duration";
import type { SshRule } from "../model";
import { checkAlias, each, report, type Check, type Place } from "./context";

const MOST_HOURS = 168;

function sshSource({ server }: Check): Place {
  const roles =
    server === "headscale"
      ? []
      : ["members", "admin", "network-admin", "it-admin", "billing-admin", "auditor", "owner"];
  return {
    kinds: ["user", "group", "tag", "autogroup"],
    autogroups: ["member", "tagged", ...roles].map((name) => `autogroup:${name}`),
  };
}

const sshDestination: Place = {
  kinds: ["user", "tag", "autogroup"],
  autogroups: ["autogroup:member", "autogroup:tagged", "autogroup:self"],
};

/** SSH rules, held to what both servers refuse (Headscale types.go, validate and validateSSHSrcDstCombination). */
export function checkSsh(check: Check): void {
  for (const [index, rule] of (check.policy.ssh ?? []).entries()) checkRule(check, pathTo("ssh", index), rule);
}

function checkRule(check: Check, path: string, rule: SshRule): void {
  const sources = each(`${path}.src`, rule.src).map(([at, alias]) => checkAlias(check, at, alias, sshSource(check)));
  for (const [at, alias] of each(`${path}.dst`, rule.dst)) {
    const target = checkAlias(check, at, alias, sshDestination);
    checkPair(check, at, target, sources);
  }
  if (rule.users.length === 0) {
    report(check, `${path}.users`, [], "names no login", "login names, root, autogroup:nonroot", "name at least one");
  }
  for (const [at, user] of each(`${path}.users`, rule.users)) {
    if (user !== "" && user !== "*") continue;
    report(check, at, user, "is no login name", "login names, root, autogroup:nonroot", "name the logins");
  }
  for (const [at, name] of each(`${path}.acceptEnv`, rule.acceptEnv)) {
    if (name === "")
      report(check, at, name, "is no name of a variable", "names, with * and ? as wildcards", "remove it");
  }
  checkPeriod(check, path, rule);
}

function checkPeriod(check: Check, path: string, { action, checkPeriod }: SshRule): void {
  if (checkPeriod === undefined) return;
  const at = `${path}.checkPeriod`;
  const allowed = `"always", or up to ${MOST_HOURS} hours such as "12h"`;
  if (action !== "check") report(check, at, checkPeriod, "is for rules that check", 'the action "check"', "remove it");
  else if (checkPeriod === "always") return;
  else {
    const seconds = parseDuration(checkPeriod);
    if (seconds === undefined) report(check, at, checkPeriod, "is no duration", allowed, "correct it");
    else if (seconds < 0 || seconds > MOST_HOURS * 3600)
      report(check, at, checkPeriod, "is out of range", allowed, "correct it");
  }
}

/** Machines never get into people's devices, and people only into their own. */
function checkPair(check: Check, at: string, target: Alias, sources: readonly Alias[]): void {
  const hasTagged = sources.some(
    ({ kind, ...rest }) => kind === "tag" || ("name" in rest && rest.name === "autogroup:tagged"),
  );
  const isPeople = target.kind === "autogroup" && ["autogroup:self", "autogroup:member"].includes(target.name);
  if (target.kind === "user") {
    const [only, ...more] = sources.flatMap((source) => ("name" in source ? [source.name] : []));
    if (
      more.every((name) => name === only) &&
      only !== undefined &&
      parseAlias(only).kind === "user" &&
      only === target.name
    )
      return;
    report(
      check,
      at,
      target.name,
      "are devices of a user, which only that user may enter",
      "autogroup:self, tags",
      "write autogroup:self",
    );
  } else if (isPeople && hasTagged) {
    report(
      check,
      at,
      target.name,
      "are devices of people, which tagged sources may not enter",
      "tags, autogroup:tagged",
      "name tags",
    );
  }
}
