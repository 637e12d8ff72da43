import { parseAlias, type Alias } from "../alias";
import { pathTo } from "../hujson";
import type { Policy, Server } from "../model";
import type { PolicyProblem } from "../problems";

/** What a check knows, and where it puts what it finds. */
export interface Check {
  readonly policy: Policy;
  readonly server: Server;
  readonly problems: PolicyProblem[];
}

/** Where an alias stands, and which kinds may stand there. */
export interface Place {
  readonly kinds: readonly Alias["kind"][];
  readonly autogroups: readonly string[];
}

const KIND_WORDS: Readonly<Record<Alias["kind"], string>> = {
  any: "*",
  user: "a user (with an @)",
  group: "a group",
  tag: "a tag",
  autogroup: "an autogroup",
  host: "a host",
  network: "an address or network",
  other: "",
};

/** Words of Tailscale's language that the model carries and that no server here may be asked about. */
const FOREIGN = ["ipset:", "svc:", "posture:"];

/** The values of a list with their paths. */
export function each(path: string, values: readonly string[] | undefined): [path: string, value: string][] {
  return (values ?? []).map((value, index): [string, string] => [pathTo(path, index), value]);
}

export function report(
  check: Check,
  path: string,
  value: unknown,
  reason: string,
  allowed: string,
  remedy: string,
): void {
  check.problems.push({ path, ...(value === undefined ? {} : { value }), reason, allowed, remedy });
}

/** Checks one alias in its place; `written` is how it stands in the policy when that is more than the alias. */
export function checkAlias(check: Check, path: string, text: string, place: Place, written: string = text): Alias {
  const alias = parseAlias(text);
  const { kinds, autogroups } = place;
  if (alias.kind === "other") {
    const isForeign = check.server === "tailscale" && FOREIGN.some((prefix) => text.startsWith(prefix));
    if (!isForeign) report(check, path, written, "is nobody and nothing", placeWords(place), "correct it");
  } else if (!kinds.includes(alias.kind)) {
    report(check, path, written, "may not stand here", placeWords(place), "name something else");
  } else if (alias.kind === "autogroup") {
    if (!autogroups.includes(text)) {
      report(check, path, written, "is no autogroup that may stand here", autogroups.join(", "), "name another");
    }
  } else {
    checkDefined(check, path, alias, written);
  }
  return alias;
}

/** Groups, tags and hosts have to be defined in the policy; users are the server's. */
export function checkDefined({ policy, problems }: Check, path: string, alias: Alias, written: string): void {
  const tables = { group: policy.groups, tag: policy.tagOwners, host: policy.hosts };
  const sections = { group: "groups", tag: "tagOwners", host: "hosts" } as const;
  if (alias.kind !== "group" && alias.kind !== "tag" && alias.kind !== "host") return;
  if (Object.hasOwn(tables[alias.kind] ?? {}, alias.name)) return;
  const names = Object.keys(tables[alias.kind] ?? {});
  problems.push({
    path,
    value: written,
    reason: `names a ${alias.kind} that the policy does not define`,
    allowed: names.length === 0 ? `no ${alias.kind} yet` : names.join(", "),
    remedy: `define it in ${sections[alias.kind]} or name another`,
  });
}

function placeWords({ kinds, autogroups }: Place): string {
  const words = kinds.filter((kind) => kind !== "autogroup").map((kind) => KIND_WORDS[kind]);
  return [...words, ...autogroups].join(", ");
}
