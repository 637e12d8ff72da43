import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import { duration } from "../../common/duration";
import type { HeadscaleApi } from "../backends/api";

import { isMarked, isSameTime, renewalProblems, settleExpiry } from "./expiry";

const inputs = {
  expiration: duration,
  renewBefore: duration.optional(),
  /** Not the program's to give: it is settled from the others, and kept until the key is to be made anew. */
  expiresAt: z.string().optional(),
};
const computed = { key: z.string(), prefix: z.string() };

/**
 * A key for the API of the server. It always ends, and is made anew when less than `renewBefore` is left (default a quarter
 * of its life); the old one is deleted after those who use it have the new one. Making it deletes keys of the same resource
 * that have ended: they are left over from a run that was killed, and until they end nobody can tell them from one in use,
 * because 0.29.1 does not note who uses a key.
 */
export const apiKey = defineKind<HeadscaleApi, typeof inputs, typeof computed>({
  token: "headscale:index:ApiKey",
  inputs,
  computed,
  secrets: ["key"],
  replaces: ["expiration", "expiresAt"],
  problems: (news) => renewalProblems(news),
  settle: (news, olds, { urn, backend }) =>
    settleExpiry(news, olds, { urn, now: backend?.now() ?? new Date(), isSpent: () => Promise.resolve(false) }),
  create: async (api, { expiresAt = "" }, { urn }) => {
    const ended = (expiration: string | undefined): boolean => Date.parse(expiration ?? "") < api.now().getTime();
    const leftovers = (await api.apiKeys()).filter((key) => isMarked(key.expiration, urn) && ended(key.expiration));
    for (const { prefix } of leftovers) await api.deleteApiKey(prefix);
    const { id, prefix, key } = await api.createApiKey(expiresAt);
    return { id, computed: { key, prefix } };
  },
  read: async (api, id, before) => {
    const found = (await api.apiKeys()).find((key) => key.id === id);
    if (found === undefined) return undefined;
    const { prefix, expiration } = found;
    const kept = before?.inputs;
    const expiresAt = isSameTime(kept?.expiresAt, expiration) ? kept?.expiresAt : (expiration ?? "never");
    return {
      inputs: { expiration: "90 days", ...kept, expiresAt },
      computed: { key: before?.computed.key ?? `hskey-api-${prefix}-***`, prefix },
    };
  },
  // Only renewBefore can change in place, and the server does not know it.
  update: () => Promise.resolve({}),
  delete: async (api, id) => {
    const found = (await api.apiKeys()).find((key) => key.id === id);
    if (found !== undefined) await api.deleteApiKey(found.prefix);
  },
});
