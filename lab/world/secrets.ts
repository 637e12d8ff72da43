import { createHmac } from "node:crypto";

import { canonical } from "./canonical";
import type { JsonValue } from "./data";

const prefix = "secret:hmac-sha256:";
const marker = /^secret:hmac-sha256:[0-9a-f]{64}$/;

/**
 * What the world stores in place of a secret value: enough to see that it changed, nothing of the value itself.
 * The same value gives the same marker within a world and another one in every other world.
 */
export function secretMarker(salt: string, value: JsonValue): string {
  return prefix + createHmac("sha256", salt).update(canonical(value)).digest("hex");
}

/** Whether a value read from the world stands for a secret. */
export function isSecretMarker(value: unknown): value is string {
  return typeof value === "string" && marker.test(value);
}

/**
 * A plausible, repeatable value (64 hexadecimal digits) for what a real system would make up: tokens, ids, addresses.
 * Depends on the world's salt and on every part; ("ab", "c") and ("a", "bc") differ.
 */
export function derive(salt: string, ...parts: string[]): string {
  return createHmac("sha256", salt).update(JSON.stringify(parts)).digest("hex");
}
