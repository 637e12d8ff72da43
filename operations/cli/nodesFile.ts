import { z } from "zod";
import type { PolicyNode, PolicyUser } from "../../components/tailnet/reach";
import { CommandError, exit } from "./exit";

/** Who is in a tailnet, as a file says it. */
export interface NodesFile {
  readonly nodes: readonly PolicyNode[];
  /** @default those that the nodes name */
  readonly users?: readonly PolicyUser[];
}

const texts = z.array(z.string());

const own = z.strictObject({
  nodes: z.array(
    z.strictObject({
      name: z.string(),
      addresses: texts,
      user: z.string().exactOptional(),
      tags: texts.exactOptional(),
      routes: texts.exactOptional(),
    }),
  ),
  users: z
    .array(
      z.strictObject({
        name: z.string(),
        email: z.string().exactOptional(),
        identifier: z.string().exactOptional(),
        roles: texts.exactOptional(),
      }),
    )
    .exactOptional(),
});

/** `headscale nodes list --output json`, 0.29: proto/headscale/v1/node.proto */
const headscale = z.array(
  z.object({
    given_name: z.string(),
    ip_addresses: texts,
    user: z.object({ name: z.string(), email: z.string().default(""), provider_id: z.string().default("") }).nullish(),
    tags: texts.nullish(),
    approved_routes: texts.nullish(),
  }),
);

const peer = z.object({
  DNSName: z.string(),
  HostName: z.string(),
  UserID: z.number(),
  TailscaleIPs: texts.nullish(),
  Tags: texts.nullish(),
  PrimaryRoutes: texts.nullish(),
});
/** `tailscale status --json`: ipn/ipnstate of tailscale.com, Status. */
const tailscale = z.object({
  Self: peer,
  Peer: z.record(z.string(), peer).nullish(),
  User: z.record(z.string(), z.object({ LoginName: z.string() })).nullish(),
});

/**
 * Reads who is in a tailnet: a file of the form `{ "nodes": [{ "name", "addresses", "user", "tags", "routes" }], "users": [...] }`,
 * or what `headscale nodes list --output json` or `tailscale status --json` prints.
 *
 * @throws CommandError (code 2) that says what the file is not
 */
export function readNodesFile(text: string, name: string): NodesFile {
  const content = parse(text, name);
  const listed = headscale.safeParse(content);
  if (listed.success) return ofHeadscale(listed.data);
  const status = tailscale.safeParse(content);
  if (status.success) return ofTailscale(status.data);
  const given = own.safeParse(content);
  if (given.success) return given.data;
  throw new CommandError(
    `${name} says of no tailnet who is in it. Allowed: { "nodes": [{ "name": ..., "addresses": [...], "user": ..., "tags": [...], ` +
      '"routes": [...] }] }, or what `headscale nodes list --output json` or `tailscale status --json` prints.\n' +
      z.prettifyError(given.error),
    exit.usage,
  );
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${name} is no JSON: ${error instanceof Error ? error.message : String(error)}`, exit.usage);
  }
}

function ofHeadscale(listed: z.infer<typeof headscale>): NodesFile {
  const users = new Map<string, PolicyUser>();
  const nodes = listed.map(({ given_name, ip_addresses, user, tags, approved_routes }): PolicyNode => {
    // Tagged nodes are listed under a pseudo user.
    if (user && (tags ?? []).length === 0) {
      const { name, email, provider_id: identifier } = user;
      users.set(name, { name, ...(email ? { email } : {}), ...(identifier ? { identifier } : {}) });
    }
    return {
      name: given_name,
      addresses: ip_addresses,
      ...(user ? { user: user.name } : {}),
      tags: tags ?? [],
      routes: approved_routes ?? [],
    };
  });
  return { nodes, users: [...users.values()] };
}

function ofTailscale({ Self, Peer, User }: z.infer<typeof tailscale>): NodesFile {
  const nodes = [Self, ...Object.values(Peer ?? {})].map((node): PolicyNode => {
    const login = User?.[String(node.UserID)]?.LoginName;
    return {
      name: node.DNSName.split(".")[0] || node.HostName,
      addresses: node.TailscaleIPs ?? [],
      ...(login === undefined ? {} : { user: login }),
      tags: node.Tags ?? [],
      routes: node.PrimaryRoutes ?? [],
    };
  });
  return { nodes };
}
