import * as pulumi from "@pulumi/pulumi";
import type { HubDns } from "./hub.dns";
import type { HubPlanArgs } from "./hub.plan";
import type { HubValues } from "./hub.setup";

/** What both kinds of hub are told. */
export interface HubArgs {
  /** The hub is headscale.<domain> unless loginServer says otherwise. */
  readonly domain: string;
  /** Base domain of MagicDNS names. */
  readonly baseDomain: string;
  /**
   * Where nodes join and the API is called: https://NAME or https://NAME:PORT. The name must lead to the hub, from the
   * machines and from whoever runs `up`; the hub listens on the port. Let's Encrypt calls on port 443 only: with
   * another port, give a certificate.
   * @default "https://headscale.<domain>"
   */
  readonly loginServer?: string;
  /**
   * A certificate for the hub's name, with its whole chain (PEM).
   * @default one from Let's Encrypt, which must reach the hub on port 443
   */
  readonly certificate?: { readonly chain: pulumi.Input<string>; readonly privateKey: pulumi.Input<string> };
  /**
   * Where Let's Encrypt writes to about the certificate.
   * @default nowhere
   */
  readonly acmeEmail?: string;
  /**
   * CIDRs of reverse proxies whose X-Forwarded-For is believed.
   * @default none
   */
  readonly trustedProxies?: readonly string[];
  /**
   * Names and resolvers of the tailnet beyond MagicDNS.
   * @default none: machines keep their own resolvers
   */
  readonly dns?: HubDns;
  /**
   * Raise it to have a new API key minted: within its 90 days, when somebody may have seen it, and when the machine was
   * made anew. The key before it is expired.
   * @default 1
   */
  readonly apiKeyEdition?: number;
}

/** The part of the arguments that decides something. */
export function planArgs(args: HubArgs): HubPlanArgs {
  const { domain, baseDomain, loginServer, dns, trustedProxies = [] } = args;
  const certificate: HubPlanArgs["certificate"] =
    args.certificate === undefined ? { kind: "lets-encrypt", email: args.acmeEmail ?? "" } : { kind: "given" };
  return { domain, baseDomain, loginServer, dns, trustedProxies, certificate };
}

/** The part that flows; secret when there is a certificate's key in it. */
export function valuesOf({ certificate }: HubArgs): pulumi.Output<HubValues> {
  if (certificate === undefined) return pulumi.output({});
  return pulumi
    .all([certificate.chain, pulumi.secret(certificate.privateKey)])
    .apply(([chain, privateKey]) => ({ certificate: { chain, privateKey } }));
}
