/** The tailnet policy language as typed data: read, check, write. Knows no Pulumi and no estate. */
export { parseAlias, type Alias } from "./alias";
export { checkPolicy } from "./check";
export type {
  AclRule,
  AutoApprovers,
  GrantRule,
  Json,
  NodeAttr,
  Policy,
  PolicyTest,
  Server,
  SshRule,
  SshTest,
  Table,
} from "./model";
export { PolicyError, type PolicyProblem } from "./problems";
export { readPolicy } from "./read";
export { writePolicy } from "./write";
