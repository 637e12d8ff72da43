/**
 * What a person can do about a refusal, by the server's words. They are those of 0.29.1, each heard from the real server;
 * a refusal that is not here explains itself.
 */
const remedies: readonly (readonly [words: RegExp, remedy: string])[] = [
  [
    /update is disabled for modes other than 'database'/,
    "It takes its policy from a file. Set `policy.mode: database` in its configuration and restart it, or manage the file there and " +
      "not here.",
  ],
  [
    /resolved to no IP addresses/,
    "A test of the policy is about machines that have not joined yet, or users without any; the server can prove nothing about " +
      "them. Leave the test out until they have joined.",
  ],
  [/tag not found: /, 'A tag must have an owner before it can be used: add it to the policy\'s "tagOwners".'],
  [
    /requested tags .* are invalid or not permitted/,
    'The policy in force does not know them: add them to its "tagOwners" first.',
  ],
  [
    /^user not empty: node\(s\) found$/,
    "Machines still belong to the user. Remove them (`headscale nodes delete`) or give them tags, then run again.",
  ],
  [
    /^user not found$/,
    "Somebody deleted the user on the server; `pulumi refresh` shows it, and the next run makes it anew.",
  ],
  [/^cannot edit OIDC user$/, "Its name comes from the identity provider: change it there."],
  [
    /UNIQUE constraint failed: users\.name/,
    "There is one of this name already: choose another name, or remove that user.",
  ],
];

/** The remedy for what the server said; undefined when there is none to add. */
export function remedyFor(said: string): string | undefined {
  return remedies.find(([words]) => words.test(said))?.[1];
}
