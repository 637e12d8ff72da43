import { checkPolicy } from "./check";
import { parseHuJson } from "./hujson";
import type { AclRule, GrantRule, NodeAttr, Policy, PolicyTest, Server, SshRule, SshTest } from "./model";
import { refuseIfAny } from "./problems";
import { canonicalProtocol } from "./protocol";
import { policySchemas } from "./schema";
import { shapeProblems } from "./shape";
import { canonicalFields } from "./spelling";

/**
 * Reads a policy as a control server would, and refuses what that server refuses. Stricter than the servers in one thing:
 * what has to be there has to be written, and null is no way to write it. An empty text is what it is to Headscale, no
 * policy: everything allowed.
 *
 * @param server whose rules hold. @default "headscale"
 * @throws PolicyError with every mistake of form; when there is none, with every mistake of meaning
 */
export function readPolicy(text: string, server: Server = "headscale"): Policy {
  if (text === "") return {};
  const parsed = parseHuJson(text);
  refuseIfAny(parsed.problems);
  const { value, problems } = canonicalFields(parsed.value, server);
  const result = policySchemas[server].safeParse(value);
  refuseIfAny([...problems, ...(result.error?.issues ?? []).flatMap((issue) => shapeProblems(issue, value, server))]);
  if (!result.success) return {};
  const policy = canonical(result.data);
  refuseIfAny(checkPolicy(policy, server));
  return policy;
}

/** One spelling per meaning: no spaces around aliases, as the servers read them, and protocols by name. */
function canonical(policy: Policy): Policy {
  return {
    ...policy,
    ...(policy.acls && { acls: policy.acls.map(canonicalAcl) }),
    ...(policy.grants && { grants: policy.grants.map(canonicalGrant) }),
    ...(policy.ssh && { ssh: policy.ssh.map(canonicalSsh) }),
    ...(policy.nodeAttrs && { nodeAttrs: policy.nodeAttrs.map(canonicalAttr) }),
    ...(policy.tests && { tests: policy.tests.map(canonicalTest) }),
    ...(policy.sshTests && { sshTests: policy.sshTests.map(canonicalSshTest) }),
  };
}

const trimmed = (aliases: readonly string[]) => aliases.map((alias) => alias.trim());

/** Destinations of access rules are not trimmed: the servers do not either. */
function canonicalAcl(rule: AclRule): AclRule {
  return { ...rule, ...protocolOf(rule), src: trimmed(rule.src) };
}

function canonicalGrant(rule: GrantRule): GrantRule {
  return { ...rule, src: trimmed(rule.src), dst: trimmed(rule.dst) };
}

function canonicalSsh(rule: SshRule): SshRule {
  return { ...rule, src: trimmed(rule.src), dst: trimmed(rule.dst), users: trimmed(rule.users) };
}

function canonicalAttr(attr: NodeAttr): NodeAttr {
  return { ...attr, target: trimmed(attr.target) };
}

function canonicalTest(test: PolicyTest): PolicyTest {
  return { ...test, ...protocolOf(test) };
}

function canonicalSshTest(test: SshTest): SshTest {
  return { ...test, src: test.src.trim(), dst: trimmed(test.dst) };
}

function protocolOf({ proto }: { readonly proto?: string }): { proto?: string } {
  return proto === undefined ? {} : { proto: canonicalProtocol(proto) };
}
