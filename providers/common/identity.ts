import { createHash } from "node:crypto";

import type { Who } from "./kind";

/** An id for what nothing else names: the same resource gets the same one, so making it again makes no second one. */
export function idOf({ name, urn }: Who): string {
  return `${name}-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
}
