import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import { duration } from "../../common/duration";
import type { HeadscaleApi, PreAuthKey } from "../backends/api";

import { isMarked, isSameTime, renewalProblems, settleExpiry } from "./expiry";
import { asSet, tag } from "./tags";

const inputs = {
  user: z
    .string()
    .regex(/^\d+$/, {
      error: (issue) => `${JSON.stringify(issue.input)} is no user id; give the id of a User, not its name`,
    })
    .optional(),
  tags: z.array(tag).default([]),
  reusable: z.boolean().default(false),
  ephemeral: z.boolean().default(false),
  expiration: duration,
  renewBefore: duration.optional(),
  /** Not the program's to give: it is settled from the others, and kept until the key is to be made anew. */
  expiresAt: z.string().optional(),
};
const computed = { key: z.string() };

/**
 * A key with which machines join. It always ends. Nothing about a key can be changed, so every change makes a new one.
 *
 * Renewal: when less than `renewBefore` is left (default a quarter of its life) a key that can still be used is made anew
 * by the next run; a single-use key that was used has done its work and is left alone, so its machine is not touched. The
 * rule looks at the clock and the server only: runs in a row agree.
 *
 * Making the key of a resource revokes unused ones that were made for the same resource (see `expiryOf`): that is the
 * predecessor, or one whose maker was killed. Revoking never touches a machine: a key somebody joined with is ended and not
 * deleted, because the server tells by the key whether a machine is ephemeral, and forgets it with the key (0.29.1:
 * hscontrol/types/node.go, IsEphemeral; hscontrol/db/preauth_keys.go, DestroyPreAuthKey).
 * Importing works, but the key itself cannot be read again: only its mask.
 */
export const preAuthKey = defineKind<HeadscaleApi, typeof inputs, typeof computed>({
  token: "headscale:index:PreAuthKey",
  inputs,
  computed,
  secrets: ["key"],
  replaces: ["user", "tags", "reusable", "ephemeral", "expiration", "expiresAt"],
  settle: async (news, olds, { urn, backend }) => {
    // One that was used, and ended by hand before its time, has an end that no key of the state has: nor is that renewed.
    const isSpent = async (expiresAt: string): Promise<boolean> => {
      const usable = (key: PreAuthKey): boolean => isSameTime(key.expiration, expiresAt) && !isSpentKey(key);
      return backend !== undefined && !(await backend.preAuthKeys()).some(usable);
    };
    const end = await settleExpiry(news, olds, { urn, now: backend?.now() ?? new Date(), isSpent });
    return { ...end, ...(news.tags === undefined ? {} : { tags: asSet(news.tags) }) };
  },
  problems: (news, _olds, pending) => {
    const owned = pending.has("user") || pending.has("tags") || news.user !== undefined || (news.tags ?? []).length > 0;
    const nobody = {
      property: "tags",
      reason: "a key needs tags or a user; give at least one tag, or the id of a user",
    };
    return [...(owned ? [] : [nobody]), ...renewalProblems(news)];
  },
  create: async (api, { user, tags, reusable, ephemeral, expiresAt = "" }, { urn }) => {
    const leftover = (key: PreAuthKey): boolean => !key.used && isMarked(key.expiration, urn);
    const leftovers = (await api.preAuthKeys()).filter(leftover);
    const made = await api.createPreAuthKey({ user, tags, reusable, ephemeral, expiration: expiresAt });
    for (const { id } of leftovers) await revoke(api, id);
    return { id: made.id, computed: { key: made.key } };
  },
  read: async (api, id, before) => {
    const found = (await api.preAuthKeys()).find((key) => key.id === id);
    if (found === undefined) return undefined;
    const { user, tags, reusable, ephemeral, expiration, masked } = found;
    const kept = before?.inputs;
    const same = isSpentKey(found) || isSameTime(kept?.expiresAt, expiration);
    const expiresAt = (same ? kept?.expiresAt : undefined) ?? expiration ?? "never";
    return {
      inputs: { expiration: "24 hours", ...kept, user, tags: asSet(tags), reusable, ephemeral, expiresAt },
      // The server never shows the key again, so what it lists is no news about it.
      computed: { key: before?.computed.key ?? masked },
    };
  },
  // Only renewBefore can change in place, and the server does not know it.
  update: () => Promise.resolve({}),
  delete: (api, id) => revoke(api, id),
});

/** A single-use key that was used has done its work: when it ends is no news any more. */
function isSpentKey({ used, reusable }: PreAuthKey): boolean {
  return used && !reusable;
}

async function revoke(api: HeadscaleApi, id: string): Promise<void> {
  const joined = (await api.nodes()).some(({ preAuthKey: key }) => key === id);
  await (joined ? api.expirePreAuthKey(id) : api.deletePreAuthKey(id));
}
