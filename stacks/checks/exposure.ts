import type { Estate, Publication } from "../estate";
import { oneOf, type Problem, quote } from "../problems";
import { servingPlaces } from "./references";

/** A public service has an Access rule that admits somebody in particular, and a host name of its own. */
export function checkExposure(estate: Estate): Problem[] {
  const published = servingPlaces(estate).flatMap(({ path, serves }) =>
    Object.entries(serves).flatMap(([name, service]) =>
      service.public === undefined ? [] : [{ path: `${path}.${name}.public`, publication: service.public }],
    ),
  );
  return [
    ...published
      .filter(({ publication }) => publication.access === undefined)
      .map(({ path, publication }) => unguarded(path, publication)),
    ...published.flatMap(({ path, publication }) => unknownGroups(estate, path, publication)),
    ...published.flatMap(({ path, publication }, index) => {
      const first = published.slice(0, index).find((earlier) => earlier.publication.host === publication.host);
      return first === undefined ? [] : [taken(path, publication, first.path)];
    }),
  ];
}

function unguarded(path: string, { host }: Publication): Problem {
  return {
    path: `${path}.access`,
    problem: `${quote(host)} would be open to the whole internet: it has no Access rule`,
    allowed: "emailDomains, emails or groups",
    remedy: 'say who is let in, for example access: { emailDomains: ["example.org"] }, or remove public',
  };
}

function taken(path: string, { host }: Publication, first: string): Problem {
  return {
    path: `${path}.host`,
    problem: `${quote(host)} is already the host of ${first}`,
    allowed: "a host name that no other public service has",
    remedy: "choose another",
  };
}

function unknownGroups(estate: Estate, path: string, { access }: Publication): Problem[] {
  const groups = [...new Set(Object.values(estate.people).flatMap((person) => person.groups))];
  return (access?.groups ?? []).flatMap((group, index) =>
    groups.includes(group)
      ? []
      : [
          {
            path: `${path}.access.groups.${index}`,
            problem: `nobody is in group ${quote(group)}`,
            allowed: oneOf(groups),
            remedy: "put somebody in it (people.NAME.groups), or name another group",
            about: ["people"],
          },
        ],
  );
}
