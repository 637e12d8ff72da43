import type { SshRule } from "./protocolNode";

/** One SSH session that is tried. */
export interface SessionProbe {
  readonly source: string;
  readonly destination: string;
  readonly user: string;
}

/** Login names that are tried: those that rules name, one that none names, and the local parts of two e-mail addresses. */
export const logins = ["root", "ubuntu", "guest", "ada", "e.vance"] as const;

/**
 * What a node's client does with a session under the rules it was told: the first rule for the source that has the login
 * (tailscale 1.92, ssh/tailssh: evalSSHPolicy, mapLocalUser). Written for this test alone.
 */
export function admits(
  rules: readonly SshRule[],
  addresses: readonly string[],
  user: string,
): "accept" | "check" | "no" {
  for (const { principals, sshUsers, action } of rules) {
    const isMeant = (principals ?? []).some(({ any, nodeIP }) => any === true || addresses.includes(nodeIP ?? ""));
    const mapped = sshUsers?.[user] ?? sshUsers?.["*"] ?? "";
    if (!isMeant || mapped === "") continue;
    return action.holdAndDelegate === undefined ? "accept" : "check";
  }
  return "no";
}
