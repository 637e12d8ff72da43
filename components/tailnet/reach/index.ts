/** Who reaches what in a tailnet, computed from its policy. Knows no Pulumi; useful for any policy and any nodes. */
export { allows, type Answer, type Question } from "./allows";
export { ALLOW_ALL } from "./entries";
export type { PolicyNode, PolicyUser } from "./nodes";
export { compile, type CompileOptions, type Reachability } from "./reachability";
export { nodesOf } from "./nodesOf";
export { sshAllows, type SshAnswer, type SshQuestion } from "./sshAllows";
export { runTests, type TestOutcome } from "./runTests";
export type { Access, AccessItem } from "./access";
export { matrix, type Matrix, type MatrixGroup } from "./matrix";
export type { Principal } from "./principals";
export { accessBetween, rulesFor } from "./lookup";
export { compareMatrices, type ReachChange } from "./compare";
export { toJson, type MatrixJson } from "./json";
export { linesOf, toMarkdown, toText, type ReachLine, type TextOptions } from "./text";
