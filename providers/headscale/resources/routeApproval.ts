import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import type { HeadscaleApi } from "../backends/api";

import { findNode, keptOrGone } from "./joined";
import { canonicalPrefix } from "./prefix";
import { asSet } from "./tags";

/** In the one form in which the server lists it: another would be drift for ever. */
const route = z.string().superRefine((text, context) => {
  const canonical = canonicalPrefix(text);
  if (canonical === text) return;
  const message =
    canonical === undefined ? 'is no prefix such as "10.42.0.0/24"' : `must be written ${JSON.stringify(canonical)}`;
  context.addIssue({ code: "custom", message: `${JSON.stringify(text)} ${message}` });
});
const inputs = { node: z.string().min(1, { error: "must be the name of a node" }), routes: z.array(route) };
const exits = ["0.0.0.0/0", "::/0"] as const;

/**
 * The routes a node may serve, by the name MagicDNS knows it under. As with NodeTags, a node that has not joined yet is a
 * normal state: approving when it joins is done by the policy's autoApprovers. Deleting takes the approval back.
 */
export const routeApproval = defineKind<HeadscaleApi, typeof inputs, z.ZodRawShape>({
  token: "headscale:index:RouteApproval",
  inputs,
  computed: {},
  replaces: ["node"],
  settle: ({ routes }) => (routes === undefined ? {} : { routes: settled(routes) }),
  create: async (api, wanted) => {
    await set(api, wanted);
    return { id: wanted.node, computed: {} };
  },
  read: async (api, id, before) => {
    const kept = await keptOrGone(api, "RouteApproval", id, before?.inputs.routes);
    const joined = await findNode(api, id);
    const routes = kept === undefined ? undefined : (joined?.approvedRoutes ?? kept);
    return routes === undefined ? undefined : { inputs: { node: id, routes: asSet(routes) }, computed: {} };
  },
  update: async (api, _id, wanted) => {
    await set(api, wanted);
    return {};
  },
  delete: async (api, id) => {
    const joined = await findNode(api, id);
    if (joined !== undefined) await api.approveRoutes(joined.id, []);
    await api.unexpect("RouteApproval", id);
  },
});

async function set(api: HeadscaleApi, { node, routes }: { node: string; routes: readonly string[] }): Promise<void> {
  const joined = await findNode(api, node);
  if (joined !== undefined) await api.approveRoutes(joined.id, routes);
  await api.expect("RouteApproval", node, routes);
}

/** An exit node serves both address families or none: the server adds the other one (hscontrol/grpcv1.go, 0.29.1). */
function settled(routes: readonly string[]): string[] {
  return asSet(exits.some((exit) => routes.includes(exit)) ? [...routes, ...exits] : routes);
}
