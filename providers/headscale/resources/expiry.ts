import { createHash } from "node:crypto";

import { durationToMilliseconds } from "../../common/duration";

/** What keys with an end have in common. */
export interface Expiring {
  readonly expiration: string;
  readonly renewBefore?: string | undefined;
  readonly expiresAt?: string | undefined;
}

/**
 * When a key made now ends: always an absolute time, because 0.29 takes a missing one for "expired". The part below the
 * second is not time but the mark of the resource the key is made for: the server keeps no other word about a key, and with
 * it a key whose maker died before it could note it down is found again.
 */
function expiryOf(now: Date, expiration: string, urn: string): string {
  const end = new Date(now.getTime() + durationToMilliseconds(expiration));
  return `${end.toISOString().slice(0, 19)}.${mark(urn)}Z`;
}

/** Whether a key that ends then was made for the resource. */
export function isMarked(expiresAt: string | undefined, urn: string): boolean {
  const fraction = /\.(\d{1,9})Z$/.exec(expiresAt ?? "")?.[1] ?? "";
  return fraction.padEnd(6, "0").slice(0, 6) === mark(urn);
}

/**
 * The end a key is to have: the one it has, or a new one when the program asks for another length of life, or when less than
 * `renewBefore` (default a quarter of its life) is left and the key is not `spent`. A new end means a new key.
 */
export async function settleExpiry(
  { expiration, renewBefore }: Partial<Expiring>,
  olds: Partial<Expiring>,
  { urn, now, isSpent }: { urn: string; now: Date; isSpent: (expiresAt: string) => Promise<boolean> },
): Promise<{ expiresAt?: string }> {
  if (expiration === undefined) return {};
  const fresh = { expiresAt: expiryOf(now, expiration, urn) };
  const { expiresAt } = olds;
  if (expiresAt === undefined || olds.expiration !== expiration) return fresh;
  const window =
    renewBefore === undefined ? durationToMilliseconds(expiration) / 4 : durationToMilliseconds(renewBefore);
  const due = !(Date.parse(expiresAt) - now.getTime() >= window);
  return due && !(await isSpent(expiresAt)) ? fresh : { expiresAt };
}

/** Whether two texts name the same moment; it may be written in several ways. */
export function isSameTime(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && Date.parse(one) === Date.parse(other);
}

/** A key that is renewed before it could live would be made anew by every run. */
export function renewalProblems({
  expiration,
  renewBefore,
}: Partial<Expiring>): { property: string; reason: string }[] {
  if (expiration === undefined || renewBefore === undefined) return [];
  if (durationToMilliseconds(renewBefore) < durationToMilliseconds(expiration)) return [];
  return [
    {
      property: "renewBefore",
      reason: `"${renewBefore}" is not shorter than expiration "${expiration}": every run would make a new key. Renew later, or let the key live longer.`,
    },
  ];
}

/** Six digits, never all zero, so that they are told from a key without a mark. */
function mark(urn: string): string {
  const number = (createHash("sha256").update(urn).digest().readUInt32BE(0) % 999_999) + 1;
  return String(number).padStart(6, "0");
}
