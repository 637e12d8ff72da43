import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { tokens } from "../../tokens";
import { type HostPlan, planPublicEdge, type PublicEdgePlan, type PublishedHost } from "./publicEdge.plan";

/** The public side of an org. */
export interface PublicEdgeArgs {
  /** Names the tunnel in the Cloudflare account. */
  readonly org: string;
  /** The zone's domain; hosts are one label below it. */
  readonly domain: string;
  /** Cloudflare account. */
  readonly accountId: pulumi.Input<string>;
  /** Zone of `domain`. */
  readonly zoneId: pulumi.Input<string>;
  /** Name of the Zero Trust organisation: "acme" of acme.cloudflareaccess.com. cloudflared takes its public keys from there. */
  readonly teamName: pulumi.Input<string>;
  /** What is published, by label: "demo" becomes demo.<domain>. */
  readonly hosts: Readonly<Record<string, PublishedHost>>;
}

/** A host and the application that guards it. */
interface GuardedHost {
  readonly host: HostPlan;
  readonly application: cloudflare.ZeroTrustAccessApplication;
}

/**
 * Services on the internet without an open port, each behind Cloudflare Access. Creates
 *
 * 1. one tunnel, configured from Cloudflare's side;
 * 2. per host an Access policy (allow, by e-mail domain and address) and an Access application with it;
 * 3. the tunnel's ingress: one rule per host, whose login cloudflared checks again at the origin, and 404 for the rest;
 * 4. per host a proxied DNS record to the tunnel.
 *
 * Refuses a host that nobody in particular, or everybody, may enter. cloudflared itself is deployed elsewhere, with
 * `tunnelToken`. A protected edge keeps its tunnel: a new one has a new token, and until cloudflared has it nothing is
 * reachable.
 *
 * @example
 * new PublicEdge("edge", {
 *   org: "acme", domain: "acme.example", accountId, zoneId, teamName: "acme",
 *   hosts: { demo: { service: "http://demo.demo.svc:8080", access: { emailDomains: ["acme.example"] } } },
 * });
 */
export class PublicEdge extends pulumi.ComponentResource {
  /** What cloudflared connects with; secret. Unknown until the tunnel exists. */
  readonly tunnelToken: pulumi.Output<string>;
  /** https URLs, by label. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: PublicEdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super(tokens.publicEdge, name, args, opts);
    const plan = planPublicEdge(name, args);
    const tunnel = this.createTunnel(name, args, plan);
    const guarded = this.createApplications(name, args, plan);
    const ingress = this.createIngress(name, args, tunnel, guarded);
    this.urls = this.createRecords(name, args, plan, tunnel, ingress);
    this.tunnelToken = this.readToken(args, tunnel);
    this.registerOutputs({ tunnelToken: this.tunnelToken, urls: this.urls });
  }

  private createTunnel(
    name: string,
    { accountId }: PublicEdgeArgs,
    plan: PublicEdgePlan,
  ): cloudflare.ZeroTrustTunnelCloudflared {
    return new cloudflare.ZeroTrustTunnelCloudflared(
      `${name}-tunnel`,
      { accountId, name: plan.tunnelName, configSrc: "cloudflare" },
      { parent: this },
    );
  }

  private createApplications(name: string, { accountId }: PublicEdgeArgs, plan: PublicEdgePlan): GuardedHost[] {
    return plan.hosts.map((host) => ({
      host,
      application: this.createApplication(`${name}-${host.key}`, accountId, host),
    }));
  }

  private createApplication(
    name: string,
    accountId: pulumi.Input<string>,
    { hostname, includes, sessionDuration }: HostPlan,
  ): cloudflare.ZeroTrustAccessApplication {
    const policy = new cloudflare.ZeroTrustAccessPolicy(
      `${name}-policy`,
      {
        accountId,
        name: `${hostname}: who may enter`,
        decision: "allow",
        includes: [...includes],
        // A policy's duration overrides its application's, and defaults to 24 h:
        // https://github.com/cloudflare/terraform-provider-cloudflare/issues/6094
        sessionDuration,
      },
      { parent: this },
    );
    return new cloudflare.ZeroTrustAccessApplication(
      `${name}-application`,
      {
        accountId,
        name: hostname,
        type: "self_hosted",
        domain: hostname,
        policies: [{ id: policy.id, precedence: 1 }],
        sessionDuration,
        httpOnlyCookieAttribute: true,
        sameSiteCookieAttribute: "lax",
        appLauncherVisible: false,
      },
      { parent: this },
    );
  }

  private createIngress(
    name: string,
    { accountId, teamName }: PublicEdgeArgs,
    tunnel: cloudflare.ZeroTrustTunnelCloudflared,
    guarded: readonly GuardedHost[],
  ): cloudflare.ZeroTrustTunnelCloudflaredConfig {
    const rules = guarded.map(({ host: { hostname, service }, application }) => ({
      hostname,
      service,
      // cloudflared itself refuses requests without a login for this very application, should Access ever be bypassed.
      originRequest: { access: { required: true, teamName, audTags: [application.aud] } },
    }));
    return new cloudflare.ZeroTrustTunnelCloudflaredConfig(
      `${name}-ingress`,
      {
        accountId,
        tunnelId: tunnel.id,
        // The provider's default is "local", a file on the machine that runs cloudflared.
        source: "cloudflare",
        config: { ingresses: [...rules, { service: "http_status:404" }] },
      },
      { parent: this },
    );
  }

  private createRecords(
    name: string,
    { zoneId }: PublicEdgeArgs,
    plan: PublicEdgePlan,
    tunnel: cloudflare.ZeroTrustTunnelCloudflared,
    ingress: cloudflare.ZeroTrustTunnelCloudflaredConfig,
  ): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
      plan.hosts.map(({ key, hostname }) => {
        const record = new cloudflare.DnsRecord(
          `${name}-${key}-record`,
          {
            zoneId,
            // The full name: Cloudflare reports it so, and a bare label would always differ.
            name: hostname,
            type: "CNAME",
            content: pulumi.interpolate`${tunnel.id}.cfargotunnel.com`,
            proxied: true,
            // 1 is "automatic", the only value a proxied record may have.
            ttl: 1,
            comment: "managed by the estate",
          },
          // A name must not lead anywhere before its application and ingress rule are there.
          { parent: this, dependsOn: [ingress] },
        );
        return [key, pulumi.interpolate`https://${record.name}`];
      }),
    );
  }

  /** An invoke with an unknown id is not made: in a preview without the tunnel the token is unknown. */
  private readToken(
    { accountId }: PublicEdgeArgs,
    tunnel: cloudflare.ZeroTrustTunnelCloudflared,
  ): pulumi.Output<string> {
    const found = cloudflare.getZeroTrustTunnelCloudflaredTokenOutput(
      { accountId, tunnelId: tunnel.id },
      { parent: this },
    );
    // The SDK does not mark it, and it is all one needs to serve the org's hostnames.
    return pulumi.secret(found.token);
  }
}
