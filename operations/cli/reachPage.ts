import { compile, linesOf, matrix, nodesOf, toMarkdown } from "../../components/tailnet/reach";
import { planPolicy } from "../../components/tailnet/policy.plan";
import { planTailnet } from "../../components/tailnet/tailnet.plan";
import type { Estate } from "../../stacks/estate";

/** The page about a stack's tailnet in docs/: what is printed by `make reach`, and what else the policy says. */
export function reachPage(stack: string, spec: Estate): string {
  const policy = planPolicy(spec);
  const reached = matrix(compile(policy, nodesOf(spec), { server: spec.tailnet.control.kind }));
  const { routes, joinKeys, runnerKeys } = planTailnet(spec);
  return [
    `# Who reaches what in ${stack}`,
    `Written by \`make docs\` from stacks/${stack}.ts; the control server is ${spec.tailnet.control.kind}. What is not here is denied.`,
    toMarkdown(reached),
    "## By which rule",
    table(
      ["from", "to", "ports", "rule"],
      linesOf(reached).map(({ from, to, ports, rules }) => [from, to, ports, rules.join(", ")]),
    ),
    "## Who may log in by SSH",
    list(
      policy.ssh.map(
        ({ src, dst, users, action }) =>
          `${src.join(", ")} to ${dst.join(", ")} as ${users.join(", ")}${action === "check" ? ", after proving themselves again" : ""}`,
      ),
    ),
    "## Networks approved without a click",
    list(routes.map(([machine, cidrs]) => `${cidrs.join(", ")} behind ${machine}`)),
    "## Keys that machines join with",
    table(
      ["for", "tags", "good for", "valid"],
      [
        ...joinKeys.map(([name, key]) => [name, key.tags.join(" "), "one machine", key.expiry]),
        ...runnerKeys.map(([name, key]) => [
          `runners of ${name}`,
          key.tags.join(" "),
          "ephemeral machines",
          key.expiry,
        ]),
      ],
    ),
  ]
    .map((part) => part.trimEnd())
    .join("\n\n")
    .concat("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "Nobody and nothing.";
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "Nobody and nothing." : items.map((item) => `- ${item}`).join("\n");
}
