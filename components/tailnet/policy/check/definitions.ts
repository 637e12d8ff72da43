import { pathTo } from "../hujson";
import { parseNetwork } from "../ip";
import { checkAlias, each, report, type Check, type Place } from "./context";

const owner: Place = { kinds: ["user", "group", "tag"], autogroups: [] };
/** Roles may own tags and approve routes at Tailscale: https://tailscale.com/kb/1337/policy-syntax */
const tailscaleOwner: Place = {
  kinds: [...owner.kinds, "autogroup"],
  autogroups: ["member", "admin", "network-admin", "it-admin", "billing-admin", "auditor", "owner", "tagged"].map(
    (name) => `autogroup:${name}`,
  ),
};

/** Groups, hosts, tag owners and auto-approvers. */
export function checkDefinitions(check: Check): void {
  checkGroups(check);
  checkHosts(check);
  const place = check.server === "headscale" ? owner : tailscaleOwner;
  checkTagOwners(check, place);
  const { routes, exitNode } = check.policy.autoApprovers ?? {};
  for (const [route, approvers] of Object.entries(routes ?? {})) {
    const path = pathTo("autoApprovers.routes", route);
    if (!route.includes("/") || parseNetwork(route) === undefined) {
      report(
        check,
        path,
        route,
        "is no network",
        'a network such as "10.42.0.0/24"',
        "write the network with its length",
      );
    }
    for (const [at, approver] of each(path, approvers)) checkAlias(check, at, approver, place);
  }
  for (const [at, approver] of each("autoApprovers.exitNode", exitNode)) checkAlias(check, at, approver, place);
}

function checkGroups(check: Check): void {
  for (const [group, members] of Object.entries(check.policy.groups ?? {})) {
    const path = pathTo("groups", group);
    if (!group.startsWith("group:")) {
      report(check, path, group, "is no name of a group", 'a name that begins with "group:"', "rename it");
    }
    for (const [at, member] of each(path, members)) {
      if (member.startsWith("group:")) {
        report(check, at, member, "is a group within a group", "users", "name its members");
      } else if (!member.includes("@")) {
        report(check, at, member, "is no user", "users, which have an @", `write "${member}@"`);
      }
    }
  }
}

function checkHosts(check: Check): void {
  for (const [host, address] of Object.entries(check.policy.hosts ?? {})) {
    const path = pathTo("hosts", host);
    if (/[@:]/.test(host)) {
      report(check, path, host, "is no name of a host", "a name without @ and :", "rename it");
    }
    if (parseNetwork(address) === undefined) {
      report(check, path, address, "is no address", "an address or a network", "correct it");
    }
  }
}

function checkTagOwners(check: Check, place: Place): void {
  for (const [tag, owners] of Object.entries(check.policy.tagOwners ?? {})) {
    const path = pathTo("tagOwners", tag);
    if (!/^tag:[A-Za-z]/.test(tag)) {
      report(check, path, tag, "is no name of a tag", 'a name that begins with "tag:" and a letter', "rename it");
    }
    for (const [at, value] of each(path, owners)) checkAlias(check, at, value, place);
  }
}
