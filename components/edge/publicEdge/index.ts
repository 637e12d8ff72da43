export { type HostAccess, resolveAccess, type Session } from "./access";
export { PublicEdge, type PublicEdgeArgs } from "./publicEdge";
export { planPublicEdge, type PublicEdgePlan, type PublishedHost } from "./publicEdge.plan";
