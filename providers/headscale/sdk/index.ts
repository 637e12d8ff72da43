/** Headscale as resources of a program; the provider behind them is in this folder's parent. */
export type { Duration } from "../../common/duration";
export { ApiKey, type ApiKeyArgs } from "./apiKey";
export {
  getNodes,
  getNodesOutput,
  type GetNodesArgs,
  type GetNodesOutputArgs,
  type GetNodesResult,
  type TailnetNode,
} from "./getNodes";
export { NodeTags, type NodeTagsArgs } from "./nodeTags";
export { Policy, type PolicyArgs } from "./policy";
export { PreAuthKey, type PreAuthKeyArgs } from "./preAuthKey";
export { Provider, type ProviderArgs } from "./provider";
export { RouteApproval, type RouteApprovalArgs } from "./routeApproval";
export { User, type UserArgs } from "./user";
