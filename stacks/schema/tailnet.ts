import { z } from "zod";
import { domainName, duration, ipv4, principal, slug } from "./common";

const taggedMachines = z.string().regex(/^tag:/, { error: "expected tag:NAME, for example tag:core" });

const loginServer = { error: "expected an https address without a path, for example https://headscale.example.org" };
const oneHub = { error: "expected on (the machine that runs the hub) or loginServer (a hub that exists), one of them" };

/** A Headscale: one that the estate runs, or one that exists. */
const headscale = z
  .strictObject({
    kind: z.literal("headscale"),
    /** The machine that runs the hub: it is created. */
    on: slug.optional(),
    /** Where a hub that exists is; the key of its API is the secret `headscaleApiKey`. */
    loginServer: z
      .string(loginServer)
      .regex(/^https:\/\/[a-z0-9.-]+(:[0-9]+)?$/, loginServer)
      .optional(),
    /**
     * Raise it to have a new API key minted on the estate's own hub: within its 90 days, when somebody may have seen it, and
     * when the machine was made anew. @default 1
     */
    apiKeyEdition: z.int().min(1).optional(),
  })
  .refine((control) => (control.on === undefined) !== (control.loginServer === undefined), oneHub)
  .refine((control) => control.apiKeyEdition === undefined || control.on !== undefined, {
    path: ["apiKeyEdition"],
    error: "expected nothing here: the key of a hub that exists is the secret headscaleApiKey",
  });

const tailnetId = { error: "expected the tailnet's ID, or its organization's name, for example example.org" };
/** Tailscale's own service; its OAuth client is the secrets `tailscaleOauthClientId` and `tailscaleOauthClientSecret`. */
const tailscale = z.strictObject({
  kind: z.literal("tailscale"),
  /** ID of the tailnet, or for one made before October 2025 its organization's name: admin console, Settings, General. */
  tailnet: z.string(tailnetId).regex(/^[A-Za-z0-9@._-]{2,253}$/, tailnetId),
  /**
   * Machines that have joined: their tags and networks are then stated device by device, and a change by hand is seen and put
   * right. Tailscale knows a device by an id that it has once it joined, so name a machine here after that. @default none
   */
  watch: z.array(slug).default([]),
  /** Whether a policy that somebody has made already is replaced. @default false: only Tailscale's default one is */
  replacePolicy: z.boolean().default(false),
});

const zone = z.string().regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z][a-z0-9-]{0,62}$/, {
  error: "expected a DNS domain in lower case, for example corp.example",
});

/**
 * Names inside the tailnet, beside those that every machine has without being named here: NAME.<baseDomain>, and NAME alone.
 * On a Headscale that exists nothing of this can be set: its DNS stands in its own configuration file.
 */
const dns = z.strictObject({
  /** Further names of machines, which `resolver` answers for. @default none */
  names: z.record(domainName, slug).default({}),
  /** A machine that answers for `names`, by its tailnet address. It must serve DNS: port 53, udp. @default none */
  resolver: z.strictObject({ on: slug, address: ipv4 }).optional(),
  /** Addresses for names, answered by a hub of the estate's own; Tailscale holds no such records. @default none */
  records: z.record(domainName, ipv4).default({}),
  /** Domains that name servers of their own answer for. @default none */
  split: z.record(zone, z.array(ipv4).min(1)).default({}),
  /** Name servers for everything else. @default each machine's own */
  nameservers: z.array(ipv4).default([]),
  /** Domains in which names without a dot are looked up, after the tailnet's own. @default none */
  search: z.array(domainName).default([]),
});

/** The tailnet: its control server, its tags and who owns them. */
export const tailnet = z.strictObject({
  control: z.discriminatedUnion("kind", [headscale, tailscale], { error: 'expected kind "headscale" or "tailscale"' }),
  /**
   * Base domain of MagicDNS names; must differ from the hub's own name. A control server that exists has one already: it is
   * named here (Tailscale's ends with .ts.net). @default "tailnet.<domain>" on a hub of the estate's own
   */
  baseDomain: domainName.optional(),
  /** Every tag of the tailnet and who may give it. A tag without an owner is refused. */
  tags: z.record(slug, z.strictObject({ owners: z.array(principal).min(1) })).default({}),
  /** Who may open SSH sessions through the tailnet, to machines with which tag, as which users. @default nobody */
  ssh: z.array(z.strictObject({ from: principal, to: taggedMachines, users: z.array(z.string()).min(1) })).default([]),
  /** How long a join key is valid; a key always expires. @default "24 hours" */
  keyExpiry: duration.default("24 hours"),
  dns: dns.prefault({}),
  /**
   * Whether machines may get TLS certificates for their tailnet names (`tailscale cert`). Tailscale only: a Headscale issues
   * none. The names then stand in public certificate logs. @default false
   */
  certificates: z.boolean().default(false),
});
