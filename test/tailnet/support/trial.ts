import { type Disagreement, type Tried } from "./compare";
import { places, strangers } from "./population";
import type { Draft } from "./policies";
import { policyNodes, policyUsers, type Views } from "./probes";
import type { NodeView } from "./protocolNode";
import type { Tailnet } from "./tailnet";

/** A source no node has: rules for it change no answer, and show by their port which policy a node has been told. */
const markerSource = "100.127.255.254";

/** Sets a policy and waits until every node has been told; the marker is a rule that is in this policy alone. */
export async function tryOnServer(
  tailnet: Tailnet,
  draft: Draft,
  write: (policy: Draft) => string,
  marker: number,
): Promise<Tried> {
  const text = write(marked(draft, marker));
  const refusal = await tailnet.policy.set(text);
  const isTold = ({ filter }: NodeView) =>
    filter.some(({ SrcIPs, DstPorts }) => SrcIPs?.[0] === markerSource && DstPorts[0]?.Ports.First === marker);
  if (refusal === undefined) await untilAll(tailnet, isTold);
  return triedOn(tailnet, draft, text, refusal);
}

/** Sets a policy without a marker, and waits until no node has the marker of the one before. */
export async function trySilent(tailnet: Tailnet, draft: Draft): Promise<Tried> {
  await tryOnServer(tailnet, { acls: [] }, JSON.stringify, 65_535);
  const text = JSON.stringify(draft);
  const refusal = await tailnet.policy.set(text);
  await untilAll(tailnet, ({ filter }) => !filter.some(({ SrcIPs }) => SrcIPs?.[0] === markerSource));
  return triedOn(tailnet, draft, text, refusal);
}

export function sayDisagreement({ text, about, server, evaluator }: Disagreement): string {
  const asked = typeof about === "string" ? about : JSON.stringify(about);
  return `about ${asked}: the server: ${server}; the evaluator: ${evaluator}; the policy:\n${text}`;
}

async function untilAll({ members }: Tailnet, check: (view: NodeView) => boolean): Promise<void> {
  await Promise.all(members.map(({ node }) => node.until(check)));
}

function triedOn({ members }: Tailnet, draft: Draft, text: string, refusal: string | undefined): Tried {
  const views: Views = new Map(members.map(({ inhabitant, node }) => [inhabitant.name, node.current]));
  return {
    server: "headscale",
    text,
    refusal,
    views,
    nodes: policyNodes(members),
    users: policyUsers,
    places,
    strangers,
    // Without any SSH rule the server tells nodes nothing about SSH, and they keep what they had.
    sessions: (draft.ssh ?? []).length > 0,
  };
}

function marked(draft: Draft, marker: number): Draft {
  const acl = { action: "accept", proto: "tcp", src: [markerSource], dst: [`*:${marker}`] };
  if (draft.acls !== undefined) return { ...draft, acls: [...draft.acls, acl] };
  return { ...draft, grants: [...(draft.grants ?? []), { src: [markerSource], dst: ["*"], ip: [`tcp:${marker}`] }] };
}
