import { z } from "zod";

import { defineFunction } from "../../common/func";
import type { HeadscaleApi } from "../backends/api";
import { tag } from "../resources/tags";

const inputs = {
  user: z.string().min(1, { error: "must be the name of a user" }).optional(),
  tag: tag.optional(),
};

/**
 * The machines that have joined, in the order of their ids; of one user or with one tag, if asked. Both filters together ask for what
 * cannot be: a tagged machine belongs to nobody. Filtered here and not by the server, which takes an unknown user for an error.
 */
export const getNodes = defineFunction<HeadscaleApi, typeof inputs>({
  token: "headscale:index:getNodes",
  inputs,
  outputs: ["nodes"],
  call: async (api, { user, tag: wanted }) => {
    const users = new Map((await api.users()).map(({ id, name }) => [id, name]));
    const nodes = (await api.nodes()).map((node) => ({ ...node, user: users.get(node.user ?? "") }));
    const asked = nodes.filter(
      (node) => (user === undefined || node.user === user) && (wanted === undefined || node.tags.includes(wanted)),
    );
    return { nodes: asked.map(({ givenName, preAuthKey: _key, ...rest }) => ({ ...rest, name: givenName })) };
  },
});
