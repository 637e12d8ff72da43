import type { Estate } from "../estate";
import { lookup } from "../lookup";
import { oneOf, type Problem, quote } from "../problems";
import { servingPlaces } from "./references";

/** Tags have owners, and principals exist. */
export function checkTailnet(estate: Estate): Problem[] {
  return [...unownedTags(estate), ...unknownPrincipals(estate)];
}

function unownedTags(estate: Estate): Problem[] {
  const uses = [
    ...Object.entries(estate.machines).flatMap(([name, { tags }]) =>
      tags.map((tag, index) => ({ path: `machines.${name}.tags.${index}`, tag })),
    ),
    ...Object.entries(estate.repositories).flatMap(([name, { runners }]) =>
      runners === undefined ? [] : [{ path: `repositories.${name}.runners.ephemeral.tag`, tag: runners.ephemeral.tag }],
    ),
    ...estate.tailnet.ssh.map(({ to }, index) => ({ path: `tailnet.ssh.${index}.to`, tag: to.slice("tag:".length) })),
  ];
  return uses
    .filter(({ tag }) => lookup(estate.tailnet.tags, tag) === undefined)
    .map(({ path, tag }) => ({
      path,
      problem: `tag ${quote(tag)} has no owner`,
      allowed: oneOf(Object.keys(estate.tailnet.tags)),
      remedy: `say who may give it: tailnet.tags.${tag}: { owners: ["group:..."] }`,
      about: [`tailnet.tags.${tag}`],
    }));
}

function unknownPrincipals(estate: Estate): Problem[] {
  const known = knownPrincipals(estate);
  const uses = [
    ...servingPlaces(estate).flatMap(({ path, serves }) =>
      Object.entries(serves).flatMap(([name, { to }]) =>
        to.map((who, index) => ({ path: `${path}.${name}.to.${index}`, who })),
      ),
    ),
    ...Object.entries(estate.tailnet.tags).flatMap(([tag, { owners }]) =>
      owners.map((who, index) => ({ path: `tailnet.tags.${tag}.owners.${index}`, who })),
    ),
    ...estate.tailnet.ssh.map(({ from }, index) => ({ path: `tailnet.ssh.${index}.from`, who: from })),
  ];
  return uses
    .filter(({ who }) => !known.includes(who))
    .map(({ path, who }) => ({
      path,
      problem: `${quote(who)} is nobody in this estate`,
      allowed: oneOf(ofSameKind(who, known)),
      remedy: `${declare(who)}, or name somebody else`,
      about: [declaredAt(who)],
    }));
}

/** The groups when a group was named, and so on; everybody when there is none of that kind. */
function ofSameKind(who: string, known: readonly string[]): readonly string[] {
  const same = known.filter((name) => name.split(":")[0] === who.split(":")[0]);
  return same.length === 0 ? known : same;
}

/** The path of what a principal names; groups are declared by their people. */
function declaredAt(who: string): string {
  const [kind = "", name = ""] = who.split(":");
  const tables: Readonly<Record<string, string>> = { tag: "tailnet.tags", person: "people", machine: "machines" };
  const table = lookup(tables, kind);
  return table === undefined ? "people" : `${table}.${name}`;
}

function declare(who: string): string {
  return who.startsWith("group:") ? "put somebody in the group (people.NAME.groups)" : `declare ${declaredAt(who)}`;
}

/** Everybody who can be named in `to`, `owners` and `from`. */
export function knownPrincipals(estate: Estate): string[] {
  return [
    ...new Set(Object.values(estate.people).flatMap(({ groups }) => groups.map((group) => `group:${group}`))),
    ...Object.keys(estate.tailnet.tags).map((tag) => `tag:${tag}`),
    ...Object.keys(estate.people).map((person) => `person:${person}`),
    ...Object.keys(estate.machines).map((machine) => `machine:${machine}`),
  ];
}
