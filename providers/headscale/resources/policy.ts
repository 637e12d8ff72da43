import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import type { HeadscaleApi } from "../backends/api";
import { meaningOf, meansTheSame, parsePolicy } from "../policy/meaning";
import { openness } from "../policy/openness";

const inputs = { policy: z.string() };

/**
 * The policy of the tailnet; a server has one. It is compared by meaning, so comments and layout are no change; checked by
 * the server (with the policy's own tests) before it is set, and read back after. One that is empty or allows everything is
 * refused before the server is asked: to Headscale no rules mean "everybody everything". One that was emptied on the server is
 * a change to "", which the next run mends.
 *
 * What somebody else set is not overwritten unseen. The API cannot make a change conditional (that comes with /api/v2 of
 * 0.30), so the policy in force is looked at right before it is replaced: an update replaces only the one the state knows, and
 * a create only what allows nobody anything. The remedy is a refresh, or an import: from then on the change is seen in the
 * preview, and a run replaces it knowingly.
 *
 * Deleting the resource leaves the last policy in force, for the same reason: there is no "none" that is safe, and a
 * policy that denies everything would cut off whoever is just taking the estate down.
 */
export const policy = defineKind<HeadscaleApi, typeof inputs, z.ZodRawShape>({
  token: "headscale:index:Policy",
  inputs,
  computed: {},
  meaning: { policy: (value) => (typeof value === "string" ? meaningOf(value) : value) },
  problems: ({ policy: text }) =>
    text === undefined ? [] : problems(text).map((reason) => ({ property: "policy", reason })),
  create: async (api, { policy: text }) => {
    await mayReplace(api, [text, ...blank], foreign);
    await put(api, text);
    return { id: "policy", computed: {} };
  },
  read: async (api, _id, before) => {
    const live = await api.policy();
    if (live === undefined) return undefined;
    const kept = before?.inputs.policy;
    return {
      id: "policy",
      inputs: { policy: kept !== undefined && meansTheSame(kept, live) ? kept : live },
      computed: {},
    };
  },
  update: async (api, _id, { policy: text }, before) => {
    await mayReplace(api, [text, before.inputs.policy ?? text, ""], changed);
    await put(api, text);
    return {};
  },
  delete: (api) => api.releasePolicy(),
});

/** Policies that are nobody's work. One that allows nothing counts for a create only: later it may be somebody's emergency stop. */
const blank = ["", '{"acls":[]}', '{"grants":[]}', '{"acls":[],"grants":[]}'];
const foreign =
  "The Headscale server has a policy that this program knows nothing about; it is left in force. Take it over with " +
  "`pulumi import headscale:index:Policy <name> policy`: the next run then shows what it would change, and does it.";
const changed =
  "Somebody changed the policy on the Headscale server since this program last looked; that policy is left in force. " +
  "`pulumi refresh` shows the change; take it into the program, or run again to replace it.";

/** @throws Error when the policy in force is none of those that may be replaced */
async function mayReplace(api: HeadscaleApi, known: readonly string[], reason: string): Promise<void> {
  const live = await api.policy();
  if (live !== undefined && !known.some((text) => meansTheSame(text.trim(), live.trim()))) throw new Error(reason);
}

async function put(api: HeadscaleApi, text: string): Promise<void> {
  await api.checkPolicy(text);
  await api.setPolicy(text);
  // 0.29 sets the live policy before it writes the database, so only what is read back is sure to stay.
  const live = await api.policy();
  if (live === undefined || !meansTheSame(live, text))
    throw new Error(
      "The Headscale server took the policy, but what it has now is another one: somebody else sets it too, or its " +
        "database could not be written. Look at the server's log, then run again.",
    );
}

function problems(text: string): readonly string[] {
  const remedy = 'State what is allowed in "acls" or "grants"; an empty list of acls denies everything.';
  if (text.trim() === "") return [`is empty, which allows everybody everything. ${remedy}`];
  try {
    return openness(parsePolicy(text)).map((problem) => `${problem}. ${remedy}`);
  } catch (error) {
    return [`cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
}
