import { z } from "zod";

/** A tag as the server takes it: hscontrol/grpcv1.go, validateTag (0.29.1). */
export const tag = z.string().regex(/^tag:[a-z0-9-]+$/, {
  error: (issue) =>
    `${JSON.stringify(issue.input)} is no tag; write "tag:" and lower-case letters, digits and "-", for example "tag:ci"`,
});

/** Each once, in order: their order means nothing. */
export function asSet(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
