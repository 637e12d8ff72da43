import type { Expectation, HeadscaleApi, Node } from "../backends/api";

/** The node of that name, if it has joined. */
export async function findNode(api: HeadscaleApi, name: string): Promise<Node | undefined> {
  const found = (await api.nodes()).filter(({ givenName }) => givenName === name);
  if (found.length > 1)
    throw new Error(`The Headscale server has ${found.length} nodes named ${name}; rename or remove all but one.`);
  return found[0];
}

/**
 * What is wanted of a node: as the backend keeps it, else as the state has it. Undefined says the resource is gone: the
 * backend keeps such things and has lost it, or neither it nor a state ever had it.
 */
export async function keptOrGone(
  api: HeadscaleApi,
  what: Expectation,
  node: string,
  state: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  const kept = await api.expected(what, node);
  if (kept !== "not kept") return kept;
  // On a server an import has no state: the node itself must be there.
  return state ?? ((await findNode(api, node)) === undefined ? undefined : []);
}
