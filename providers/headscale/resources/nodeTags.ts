import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import type { HeadscaleApi } from "../backends/api";

import { findNode, keptOrGone } from "./joined";
import { asSet, tag } from "./tags";

const inputs = {
  node: z.string().min(1, { error: "must be the name of a node" }),
  tags: z.array(tag).min(1, { error: "must hold at least one tag; a node cannot be untagged" }),
};

/**
 * The tags of a node, by the name MagicDNS knows it under. A node that has not joined yet is a normal state: nothing is set
 * then, it gets its tags from the key it joins with, and the next refresh sees whether they are these. Deleting leaves
 * the tags: the server has no way back from a tagged node.
 */
export const nodeTags = defineKind<HeadscaleApi, typeof inputs, z.ZodRawShape>({
  token: "headscale:index:NodeTags",
  inputs,
  computed: {},
  replaces: ["node"],
  settle: ({ tags }) => (tags === undefined ? {} : { tags: asSet(tags) }),
  create: async (api, wanted) => {
    await set(api, wanted);
    return { id: wanted.node, computed: {} };
  },
  read: async (api, id, before) => {
    const kept = await keptOrGone(api, "NodeTags", id, before?.inputs.tags);
    const joined = await findNode(api, id);
    const tags = kept === undefined ? undefined : (joined?.tags ?? kept);
    return tags === undefined ? undefined : { inputs: { node: id, tags: asSet(tags) }, computed: {} };
  },
  update: async (api, _id, wanted) => {
    await set(api, wanted);
    return {};
  },
  delete: (api, id) => api.unexpect("NodeTags", id),
});

async function set(api: HeadscaleApi, { node, tags }: { node: string; tags: readonly string[] }): Promise<void> {
  const joined = await findNode(api, node);
  if (joined !== undefined) await api.setTags(joined.id, tags);
  await api.expect("NodeTags", node, tags);
}
