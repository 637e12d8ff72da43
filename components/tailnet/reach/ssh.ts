import type { SshRule } from "../policy/model";
import type { KnownNode, Network, PolicyUser } from "./nodes";
import type { Reachability } from "./reachability";
import type { Side } from "./sides";
import { isIn } from "./spots";

/** One line of a node's SSH policy: who may log in as whom. */
export interface SshLine {
  readonly rule: string;
  readonly action: SshRule["action"];
  readonly checkPeriod: string;
  /** Nodes that it lets in. */
  readonly sources: ReadonlySet<number>;
  /** Login names to "" (not this one) or the name itself; "*" stands for every other but root. */
  readonly logins: ReadonlyMap<string, string>;
}

/** What a check asks for again when a rule does not say (Headscale: types.go, SSHCheckPeriodDefault). */
const CHECK_PERIOD = "12h";

/**
 * The SSH policy that the server gives a node, in the order in which its client asks: rules that check come first
 * (Headscale: filter.go, compileSSHPolicy).
 */
export function sshLines(reachability: Reachability, at: KnownNode): SshLine[] {
  const rules = reachability.policy.ssh ?? [];
  const lines = rules.flatMap((rule, index) => linesOf(reachability, rule, `ssh[${index}]`, at));
  return [...lines.filter(({ action }) => action === "check"), ...lines.filter(({ action }) => action === "accept")];
}

/** Whether a line lets a login name in; root always stands in it, so that "*" never means root (tailscale: ssh/tailssh, mapLocalUser). */
export function logsIn({ logins }: SshLine, user: string): boolean {
  if (user === "") return false;
  const named = logins.get(user) ?? logins.get("*");
  return named !== undefined && named !== "";
}

function linesOf({ sides, network }: Reachability, rule: SshRule, path: string, at: KnownNode): SshLine[] {
  const sources = sourcesOf(sides.sources(rule.src), network);
  const base = loginsOf(rule);
  const byMail = mailLogins(rule, network.users);
  const line = (nodes: readonly KnownNode[], logins: ReadonlyMap<string, string>): SshLine[] =>
    nodes.length === 0
      ? []
      : [
          {
            rule: path,
            action: rule.action,
            checkPeriod: rule.checkPeriod ?? CHECK_PERIOD,
            sources: new Set(nodes.map(({ index }) => index)),
            logins,
          },
        ];
  const ofUser = (user: number) => {
    const nodes = sources.filter((node) => node.user === user);
    const login = byMail?.get(user);
    return [...line(nodes, base), ...(login === undefined ? [] : line(nodes, new Map([[login, login]])))];
  };
  const toSelf = rule.dst.includes("autogroup:self") && at.user !== undefined ? ofUser(at.user) : [];
  const others = rule.dst.filter((alias) => alias !== "autogroup:self");
  if (others.length === 0) return toSelf;
  const isTarget = isIn(sides.targets(others), [at.index], at.addresses);
  if (!isTarget) return [...toSelf, ...(byMail === undefined ? [] : entersItself(at, sources, ofUser, line, base))];
  if (byMail === undefined) return [...toSelf, ...line(sources, base)];
  const users = [...new Set(sources.flatMap(({ user }) => (user === undefined ? [] : [user])))].sort((a, b) => a - b);
  return [
    ...toSelf,
    ...users.flatMap(ofUser),
    ...line(
      sources.filter(({ user }) => user === undefined),
      base,
    ),
  ];
}

/** With login names out of e-mail addresses, a source that is no destination lets its own user, or itself, in. */
function entersItself(
  at: KnownNode,
  sources: readonly KnownNode[],
  ofUser: (user: number) => SshLine[],
  line: (nodes: readonly KnownNode[], logins: ReadonlyMap<string, string>) => SshLine[],
  base: ReadonlyMap<string, string>,
): SshLine[] {
  if (!sources.includes(at)) return [];
  if (at.tags.length > 0) return line([at], base);
  return at.user === undefined ? [] : ofUser(at.user);
}

function sourcesOf(side: Side, { nodes }: Network): KnownNode[] {
  // A node that is neither tagged nor of a user is nobody's principal.
  const principals = nodes.filter(({ tags, user }) => tags.length > 0 || user !== undefined);
  return principals.filter(({ index, addresses }) => isIn(side, [index], addresses));
}

/** Login names of a rule; root only when it is named. */
function loginsOf({ users }: SshRule): Map<string, string> {
  const logins = new Map([["root", users.includes("root") ? "root" : ""]]);
  if (users.includes("autogroup:nonroot")) logins.set("*", "=");
  const named = users.filter(
    (user) => user !== "root" && user !== "autogroup:nonroot" && mailDomain(user) === undefined,
  );
  for (const user of named) logins.set(user, user);
  return logins;
}

/** For "localpart:*@estate.example": the part before the @ of each user of that domain. Undefined without such a login. */
function mailLogins({ users }: SshRule, known: readonly PolicyUser[]): Map<number, string> | undefined {
  const domains = users.flatMap((user) => mailDomain(user) ?? []);
  if (domains.length === 0) return undefined;
  const logins = new Map<number, string>();
  for (const domain of domains) {
    for (const [index, { email = "" }] of known.entries()) {
      const at = email.lastIndexOf("@");
      if (at !== -1 && email.slice(at + 1).toLowerCase() === domain.toLowerCase())
        logins.set(index, email.slice(0, at));
    }
  }
  return logins;
}

function mailDomain(user: string): string | undefined {
  return /^localpart:\*@([^@]+)$/.exec(user)?.[1];
}
