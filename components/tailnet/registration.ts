/** What a control server knows of a node that has joined. */
interface JoinedNode {
  /** Its name in the tailnet, alone or with the tailnet's domain. */
  readonly name: string;
  readonly addresses: readonly string[];
}

/** What stands in place of an address for a machine that the control server does not know. */
export const notJoined = "had not joined when this run asked";

/** Which of the machines that have a key are in the tailnet: the address of each there, or that it has not joined. */
export function registrationOf(
  machines: readonly string[],
  nodes: readonly JoinedNode[],
): Readonly<Record<string, string>> {
  const addresses = new Map(nodes.map(({ name, addresses: [address = ""] }) => [name.split(".")[0], address]));
  return Object.fromEntries(machines.map((machine) => [machine, addresses.get(machine) ?? notJoined]));
}
