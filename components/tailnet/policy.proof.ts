import { type InputProblem, refuse } from "../inputProblems";
import { declaredReach, lineOf } from "./declared";
import type { TailnetPolicy } from "./policy.plan";
import { type Access, compile, matrix, nodesOf, type Reachability, runTests } from "./reach/index";
import type { Topology } from "./topology";

/**
 * Proves a compiled policy before any server sees it: what it lets through, evaluated as the control server would for the
 * nodes that the estate will have, is exactly what the spec says, and its own tests hold. The two come by different ways:
 * one from the policy, the other from the spec. They part where the spec says two things that one policy cannot hold
 * together, such as a network inside another one.
 *
 * @throws InputPropertiesError that lists who would reach what in spite of the spec, and who would not
 * @throws PolicyError when the control server would refuse the policy
 */
export function provePolicy(topology: Topology, policy: TailnetPolicy): void {
  const server = topology.tailnet.control.kind;
  const nodes = nodesOf(topology);
  const reached = reachOf(compile(policy, nodes, { server }));
  const declared = new Set(declaredReach(topology).map(lineOf));
  const failed = runTests(policy, nodes, { server }).filter(({ passed }) => !passed);
  refuse("The tailnet's policy", [
    ...[...reached].flatMap(([line, rules]) => (declared.has(line) ? [] : [excess(line, rules)])),
    ...[...declared].flatMap((line) => (reached.has(line) ? [] : [lack(line)])),
    ...failed.map(({ path, reasons }) => ({ propertyPath: `policy.${path}`, reason: `fails: ${reasons.join("; ")}` })),
  ]);
}

/** Everything that is let through, as lines of the form of lineOf, with the rules that do it. */
function reachOf(reachability: Reachability): Map<string, string> {
  const { sources, destinations, cells, accesses } = matrix(reachability);
  const lines = sources.flatMap((source, row) =>
    destinations.flatMap((target, column) => {
      const access = accesses[cells[row * destinations.length + column] ?? 0] ?? [];
      if (access.length === 0) return [];
      const places = target.names.map((name) => (target.kind === "nodes" ? name : `network:${name}`));
      const from = source.names.map((name) => (source.kind === "nodes" ? name : `network:${name}`));
      return from.flatMap((one) => places.filter((place) => place !== one).flatMap((to) => linesOf(one, to, access)));
    }),
  );
  return new Map(lines);
}

function linesOf(from: string, to: string, access: Access): [line: string, rules: string][] {
  return access.flatMap(({ protocols, ports, rules }) =>
    protocols.flatMap((protocol) =>
      ports.map(([first, last]): [string, string] => {
        const range = first === last ? `${first}` : `${first}-${last}`;
        return [`${from} -> ${to} ${range}/${protocol}`, rules.join(", ")];
      }),
    ),
  );
}

function excess(line: string, rules: string): InputProblem {
  return {
    propertyPath: line,
    reason:
      `would be let through (${rules}), and nothing in the spec serves it; allowed: what \`serves\` and \`tailnet.ssh\` ` +
      "say; look for networks that lie in each other and for tags that mean more than they should",
  };
}

function lack(line: string): InputProblem {
  return {
    propertyPath: line,
    reason:
      "would not be let through, though the spec serves it; allowed: what a node of the tailnet serves or routes; see that " +
      "the machine joins, and that something routes the network",
  };
}
