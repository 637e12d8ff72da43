/** What is known of a key by which nodes join. */
export interface JoinKey {
  readonly tags: readonly string[];
  readonly reusable: boolean;
  readonly ephemeral: boolean;
  /** In seconds; undefined when it is not said. */
  readonly expiry: number | undefined;
}

/** The longest that a key of the estate may be good for: that of runners. */
export const longestExpiry = 30 * 86_400;

/** Says what makes a key that falls into the wrong hands worse than it need be; an empty list means nothing does. */
export function joinKeyProblems({ tags, reusable, ephemeral, expiry }: JoinKey): readonly string[] {
  return [
    ...(tags.length === 0 ? ["gives no tag, so that what joins with it belongs to a person"] : []),
    ...(reusable && !ephemeral ? ["lets any number of nodes join, and stay"] : []),
    ...(expiry === undefined ? ["does not say when it expires"] : []),
    ...(expiry !== undefined && !(expiry > 0 && expiry <= longestExpiry) ? ["is good for more than 30 days"] : []),
  ];
}
