/** What a person needs to know about a violation. No part may contain the value of a property that could be a secret. */
export interface Violation {
  /** What is wrong, with the resource's name. */
  readonly what: string;
  readonly why: string;
  readonly allowed: string;
  readonly remedy: string;
}

/** The text of a violation, one line per part, always in the same order: what, why, what is allowed, what to do. */
export function message({ what, why, allowed, remedy }: Violation): string {
  return `${what}.\nWhy: ${why}.\nAllowed: ${allowed}.\nTo do: ${remedy}.`;
}
