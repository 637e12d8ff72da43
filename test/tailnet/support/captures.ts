import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { z } from "zod";
import type { PolicyNode } from "../../../components/tailnet/reach";
import type { Tried } from "./compare";
import { filterRule, sshRule } from "./protocolNode";

const capture = z.object({
  test_id: z.string(),
  input: z.object({
    full_policy: z.union([z.string(), z.looseObject({}).transform((policy) => JSON.stringify(policy))]),
    api_response_code: z.number(),
  }),
  topology: z.object({
    users: z.array(z.object({ name: z.string(), email: z.string() })),
    nodes: z.record(
      z.string(),
      z.object({
        hostname: z.string(),
        tags: z.array(z.string()).nullish(),
        ipv4: z.string(),
        ipv6: z.string(),
        user: z.string().optional(),
        routable_ips: z.array(z.string()).nullish(),
        approved_routes: z.array(z.string()).nullish(),
      }),
    ),
  }),
  captures: z
    .record(
      z.string(),
      z.object({ packet_filter_rules: z.array(filterRule).nullish(), ssh_rules: z.array(sshRule).nullish() }),
    )
    .nullish(),
});

/** A policy that Tailscale's own control server was given, and what it told its nodes. */
export interface Captured extends Tried {
  readonly id: string;
}

/**
 * The captures that headscale's authors took from Tailscale's control server, read from the sources of the pinned headscale.
 *
 * @param family acl, grant, routes or ssh
 */
export function readCaptures(root: string, family: string): Captured[] {
  const folder = join(moduleFolder(root), "hscontrol", "policy", "v2", "testdata", `${family}_results`);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".hujson"))
    .map((name) => readCapture(readFileSync(join(folder, name), "utf8")));
}

/** Where Go has the pinned headscale; downloaded when it is not there, as for building it. */
function moduleFolder(root: string): string {
  const cwd = join(root, "tools", "headscale");
  const run = (...args: string[]) => execFileSync("go", args, { cwd, encoding: "utf8", timeout: 300_000 }).trim();
  const list = () => run("list", "-m", "-f", "{{.Dir}}", "github.com/juanfont/headscale");
  const found = list();
  if (found !== "") return found;
  run("mod", "download", "github.com/juanfont/headscale");
  return list();
}

function readCapture(text: string): Captured {
  const { test_id, input, topology, captures } = capture.parse(parseHuJson(text));
  const nodes = Object.values(topology.nodes).map(
    ({ hostname, tags, ipv4, ipv6, user, routable_ips, approved_routes }): PolicyNode => {
      const offered = new Set(routable_ips ?? []);
      const routes = (approved_routes ?? []).filter((route) => offered.has(route));
      const owner = user === undefined ? {} : { user };
      return { name: hostname, addresses: [ipv4, ipv6], ...owner, tags: tags ?? [], routes };
    },
  );
  const told = Object.entries(captures ?? {});
  const views = told.map(([name, { packet_filter_rules, ssh_rules }]) => {
    return [name, { filter: packet_filter_rules ?? [], ssh: ssh_rules ?? [], peers: new Map() }] as const;
  });
  const inside = nodes.flatMap(({ routes = [] }) => routes.filter((route) => !route.endsWith("/0")).map(addressIn));
  return {
    id: test_id,
    server: "tailscale",
    text: input.full_policy,
    refusal: input.api_response_code === 200 ? undefined : `refused with ${input.api_response_code}`,
    views: new Map(views),
    nodes,
    users: topology.users,
    places: [...new Set(inside)],
    strangers: [],
    sessions: told.some(([, { ssh_rules }]) => ssh_rules !== undefined),
  };
}

/** Most captures are JSON below a comment, which is read ten times as fast; some of them are megabytes. */
function parseHuJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^(\/\/.*\n)+/, ""));
  } catch {
    return parse(text, [], { allowTrailingComma: true });
  }
}

/** The first address of a network, which is in every network that contains it. */
function addressIn(route: string): string {
  return route.split("/")[0] ?? route;
}
