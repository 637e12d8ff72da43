import { parseAlias, splitTarget } from "../alias";
import { pathTo } from "../hujson";
import { isSingle, parseNetwork } from "../ip";
import type { PolicyTest, SshTest } from "../model";
import { parsePorts } from "../ports";
import { hasPorts } from "../protocol";
import { checkAlias, checkDefined, each, report, type Check } from "./context";
import { checkProtocol, checkTarget, ruleDestination } from "./rules";

/** Tests of the policy: one connection attempt each (Headscale types.go, validateTests and validateSSHTests). */
export function checkTests(check: Check): void {
  for (const [index, test] of (check.policy.tests ?? []).entries()) checkTest(check, pathTo("tests", index), test);
  for (const [index, test] of (check.policy.sshTests ?? []).entries())
    checkSshTest(check, pathTo("sshTests", index), test);
}

function checkTest(check: Check, path: string, { proto, accept, deny }: PolicyTest): void {
  if ((accept ?? []).length + (deny ?? []).length === 0) {
    report(check, path, undefined, "asserts nothing", "destinations in accept or deny", "name at least one");
  }
  if (proto !== undefined && proto !== "") {
    const number = checkProtocol(check, `${path}.proto`, proto);
    if (number !== undefined && !hasPorts(number)) {
      report(check, `${path}.proto`, proto, "has no connections", "tcp, udp, sctp or nothing", "name one of them");
    }
  }
  for (const [at, text] of [...each(`${path}.accept`, accept), ...each(`${path}.deny`, deny)]) {
    checkDestination(check, at, text);
  }
}

function checkDestination(check: Check, at: string, text: string): void {
  const before = check.problems.length;
  const alias = checkTarget(check, at, text, ruleDestination(check));
  if (check.problems.length > before || alias === undefined) return;
  const target = splitTarget(text);
  const ports = "wrong" in target ? [] : parsePorts(target.ports);
  const [only, ...more] = "wrong" in ports ? [] : ports;
  if (alias.kind === "autogroup" && alias.name === "autogroup:internet") {
    report(check, at, text, "is no single destination", "a node or an address", "name an address");
  } else if (only === undefined || more.length > 0 || only[0] !== only[1]) {
    report(check, at, text, "is not one port", "one port", "write a test per port");
  } else if (
    isWide(check, alias.kind === "host" ? alias.name : undefined) ||
    (alias.kind === "network" && text.includes("/"))
  ) {
    report(check, at, text, "is a network", "one address", "name an address");
  }
}

function checkSshTest(check: Check, path: string, { src, dst }: SshTest): void {
  if (src === "") report(check, `${path}.src`, src, "names nobody", "one source", "name it");
  else if (parseAlias(src).kind === "other") {
    report(check, `${path}.src`, src, "is nobody and nothing", "one source", "correct it");
  }
  if (dst.length === 0) report(check, `${path}.dst`, [], "names no destination", "at least one", "name it");
  for (const [at, text] of each(`${path}.dst`, dst)) {
    const alias = parseAlias(text);
    if (alias.kind === "other") checkAlias(check, at, text, ruleDestination(check));
    else if (alias.kind === "tag") checkDefined(check, at, alias, text);
    else if (
      text === "autogroup:internet" ||
      (alias.kind === "network" && !isSingle(alias.range)) ||
      isWide(check, text)
    ) {
      report(check, at, text, "is no single host", "tags, addresses, hosts, autogroups of devices", "name another");
    }
  }
}

/** Whether a name is a host that stands for more than one address. */
function isWide({ policy }: Check, host: string | undefined): boolean {
  const address = host !== undefined && Object.hasOwn(policy.hosts ?? {}, host) ? policy.hosts?.[host] : undefined;
  const range = address === undefined ? undefined : parseNetwork(address);
  return range !== undefined && !isSingle(range);
}
