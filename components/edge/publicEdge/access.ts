import type { Person, Publication } from "../../../stacks/estate";

/** Who passes Cloudflare Access, without groups: Access knows e-mail addresses, not the estate's people. */
export interface HostAccess {
  /**
   * Everybody with an e-mail address in one of these domains.
   * @default none
   */
  readonly emailDomains?: readonly string[] | undefined;
  /**
   * These people, by e-mail address.
   * @default none
   */
  readonly emails?: readonly string[] | undefined;
  /** Refused by type: a group that is not resolved would be silently ignored. See `resolveAccess`. */
  readonly groups?: undefined;
  /**
   * How long a login lasts.
   * @default "12 hours"
   */
  readonly session?: Session | undefined;
}

/** How long a login may last. */
export type Session = NonNullable<Publication["access"]>["session"];

/**
 * A publication's access rule with its groups resolved to the e-mail addresses of their members.
 *
 * A group without members adds nobody, so a rule of such groups only admits nobody and `PublicEdge` refuses it.
 */
export function resolveAccess(
  access: Publication["access"],
  people: Readonly<Record<string, Person>>,
): HostAccess | undefined {
  if (access === undefined) return undefined;
  const { groups = [], emails = [], emailDomains, session } = access;
  const members = Object.values(people).filter((person) => person.groups.some((group) => groups.includes(group)));
  return { emailDomains, emails: [...emails, ...members.map(({ email }) => email)], session };
}
