import { splitTarget, type Alias } from "../alias";
import { pathTo } from "../hujson";
import type { AclRule, GrantRule } from "../model";
import { parsePorts } from "../ports";
import { hasPorts, parseGrantPorts, PROTOCOL_NAMES, protocolNumber } from "../protocol";
import { checkAlias, each, report, type Check, type Place } from "./context";

const everything = ["any", "user", "group", "tag", "host", "network", "autogroup"] as const;
const ROLES = ["members", "admin", "network-admin", "it-admin", "billing-admin", "auditor", "owner", "shared"];
const named = (names: readonly string[]) => names.map((name) => `autogroup:${name}`);

/** Autogroups by server: Headscale types.go (autogroupForSrc, autogroupForDst); Tailscale kb/1337. */
export function ruleSource({ server }: Check): Place {
  const own = ["member", "tagged", "danger-all"];
  return { kinds: everything, autogroups: named(server === "headscale" ? own : [...own, ...ROLES]) };
}

export function ruleDestination({ server }: Check): Place {
  const own = ["internet", "member", "tagged", "self"];
  return { kinds: everything, autogroups: named(server === "headscale" ? own : [...own, ...ROLES]) };
}

/** Access rules and grants. */
export function checkRules(check: Check): void {
  for (const [index, rule] of (check.policy.acls ?? []).entries()) checkAcl(check, pathTo("acls", index), rule);
  for (const [index, rule] of (check.policy.grants ?? []).entries()) checkGrant(check, pathTo("grants", index), rule);
}

function checkAcl(check: Check, path: string, { proto, src, dst }: AclRule): void {
  const sources = each(`${path}.src`, src).map(([at, alias]) => checkAlias(check, at, alias, ruleSource(check)));
  const protocol = proto === undefined || proto === "" ? undefined : checkProtocol(check, `${path}.proto`, proto);
  const targets = each(`${path}.dst`, dst).map(([at, text]) =>
    checkTarget(check, at, text, ruleDestination(check), protocol),
  );
  checkSelf(check, `${path}.src`, sources, targets, "users, groups, autogroup:member or *", ["any"]);
}

/** The number of a protocol, or undefined when it is wrong, which is reported. */
export function checkProtocol(check: Check, path: string, proto: string): number | undefined {
  const number = protocolNumber(proto);
  if (number === undefined)
    report(check, path, proto, "is no protocol", `${PROTOCOL_NAMES}, 1-255`, "name one of them");
  return number;
}

/** "tag:db:5432": the alias and the ports. */
export function checkTarget(
  check: Check,
  at: string,
  text: string,
  place: Place,
  protocol?: number,
): Alias | undefined {
  const target = splitTarget(text);
  if ("wrong" in target) {
    report(check, at, text, target.wrong, 'a destination and its ports: "tag:db:5432"', "add the ports");
    return undefined;
  }
  const ports = parsePorts(target.ports);
  if ("wrong" in ports) {
    report(
      check,
      at,
      text,
      `names ports that are none (${ports.wrong})`,
      'ports such as "22", "80-90,443" or "*"',
      "correct them",
    );
  } else if (protocol !== undefined && !hasPorts(protocol) && target.ports !== "*" && !isEveryPort(ports)) {
    report(check, at, text, "names ports of a protocol that has none", "*", "write * for the ports");
  }
  return checkAlias(check, at, target.alias, place, text);
}

function isEveryPort(ports: readonly (readonly [number, number])[]): boolean {
  return ports.every(([first, last]) => first === 0 && last === 65535);
}

function checkGrant(check: Check, path: string, rule: GrantRule): void {
  const sources = each(`${path}.src`, rule.src).map(([at, alias]) => checkAlias(check, at, alias, ruleSource(check)));
  const targets = each(`${path}.dst`, rule.dst).map(([at, alias]) => {
    const target = checkAlias(check, at, alias, ruleDestination(check));
    if (target.kind === "network" && alias.endsWith("/0")) {
      report(check, at, alias, "is every address", '"*" or "autogroup:internet"', "write which of the two you mean");
    }
    return target;
  });
  const hasApp = Object.keys(rule.app ?? {}).length > 0;
  if ((rule.ip ?? []).length === 0 && !hasApp) {
    report(check, path, undefined, "opens nothing", "ports in ip, or capabilities in app", "write at least one");
  }
  for (const [at, ip] of each(`${path}.ip`, rule.ip)) {
    const ports = parseGrantPorts(ip);
    if ("wrong" in ports) {
      report(check, at, ip, `is no protocol and ports (${ports.wrong})`, '"*", "443", "tcp:80-90"', "correct it");
    }
  }
  if (hasApp && targets.some((target) => target.kind === "autogroup" && target.name === "autogroup:internet")) {
    report(
      check,
      `${path}.app`,
      undefined,
      "is for applications of the internet",
      "applications of nodes",
      "remove one",
    );
  }
  for (const name of Object.keys(rule.app ?? {})) checkCapability(check, pathTo(`${path}.app`, name), name);
  for (const [at, tag] of each(`${path}.via`, rule.via)) checkAlias(check, at, tag, { kinds: ["tag"], autogroups: [] });
  checkSelf(check, `${path}.src`, sources, targets, "users, groups or autogroup:member", []);
}

/** Capabilities of Tailscale's own that a policy may give (Headscale types.go, tailscaleCapAllowlist). */
const GIVEN = ["drive", "relay", "webui", "kubernetes", "tsidp"].map((name) => `tailscale.com/cap/${name}`);

function checkCapability(check: Check, path: string, name: string): void {
  if (name.includes("://")) {
    report(check, path, name, "is a URL", "a domain and a path: estate.example/cap/name", "leave the scheme out");
  } else if (name.startsWith("tailscale.com/") && !GIVEN.includes(name)) {
    report(check, path, name, "is a capability that only the server gives", GIVEN.join(", "), "name another");
  }
}

/** autogroup:self means the devices of the source's own user, so every source has to be of users. */
function checkSelf(
  check: Check,
  path: string,
  sources: readonly Alias[],
  targets: readonly (Alias | undefined)[],
  allowed: string,
  also: readonly Alias["kind"][],
): void {
  if (!targets.some((target) => target?.kind === "autogroup" && target.name === "autogroup:self")) return;
  for (const [index, { kind, ...rest }] of sources.entries()) {
    const name = "name" in rest ? rest.name : "*";
    const isUsers = kind === "user" || kind === "group" || also.includes(kind) || name === "autogroup:member";
    if (isUsers) continue;
    report(check, pathTo(path, index), name, "cannot reach autogroup:self", allowed, "give it a rule of its own");
  }
}
