import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import { tokens } from "../../tokens";
import type { Names } from "../names.plan";
import { policyText } from "../policy.plan";
import { registrationOf } from "../registration";
import type { Tailnet } from "../tailnet";
import { type KeyPlan, planTailnet, type TailnetPlan } from "../tailnet.plan";
import type { Topology } from "../topology";
import { dnsOf, keyOf, settingsOf } from "./tailscale.plan";

/** A tailnet on Tailscale's own service. */
export interface TailscaleTailnetArgs {
  /** Who there is, what they serve and to whom; an Estate is one. */
  readonly topology: Topology;
  /** The tailnet's ID, or for one made before October 2025 its organization's name. */
  readonly tailnet: string;
  /** An OAuth client: it belongs to the organization, not to a person who may leave. Always treated as secret. */
  readonly oauthClient: { readonly id: pulumi.Input<string>; readonly secret: pulumi.Input<string> };
  /**
   * Machines that have joined, whose tags and networks are stated device by device.
   * @default none
   */
  readonly watch?: readonly string[];
  /**
   * Whether a policy that somebody has made already is replaced.
   * @default false: only the one that Tailscale gives every new tailnet is
   */
  readonly replacePolicy?: boolean;
}

/** https://tailscale.com/kb/1080/cli: what clients use when no other control server is named. */
const loginServer = "https://controlplane.tailscale.com";

/**
 * A tailnet on Tailscale, from what the estate declares. Creates
 *
 * 1. the provider, with the OAuth client's credentials;
 * 2. the policy, with its tests: nothing is reachable but what is served, and the advertised networks approve themselves.
 *    From then on the admin console edits it no more. A policy that is there already is not replaced, unless asked for;
 * 3. the settings: new devices wait for approval (those with a key of ours have it), keys of devices last half a year,
 *    TLS certificates for tailnet names as the spec says;
 * 4. DNS: MagicDNS, split DNS, name servers, search domains;
 * 5. a join key per machine, good once and for a limited time, and one per runner pool, for ephemeral nodes;
 * 6. the tags of each watched machine, and the approval of its networks, once more by device, so that it is seen when
 *    somebody changes them. Key and policy have done both when it joins; before that there is no device to speak of, which is
 *    why machines are watched only when they are named.
 *
 * People are not created: they come by the organization's login. What has to be there before is in docs/tailscale.md.
 *
 * A join key that nobody used in time is not renewed by itself (it could not be told from one that was used): ask for a new
 * one with `pulumi up --replace URN`. Deleting the component leaves policy, settings and DNS as they are.
 *
 * @throws InputPropertiesError when the compiled policy would reach further, or less far, than the spec says
 * @example
 * const tailnet = new TailscaleTailnet("tailnet", { topology: estate, tailnet: "example.org", oauthClient: { id, secret } });
 * const key = tailnet.joinKeys["builder"];
 */
export class TailscaleTailnet extends pulumi.ComponentResource implements Tailnet {
  readonly loginServer: pulumi.Output<string>;
  readonly joinKeys: Readonly<Record<string, pulumi.Output<string>>>;
  readonly runnerKeys: Readonly<Record<string, pulumi.Output<string>>>;
  readonly joined: pulumi.Output<Readonly<Record<string, string>>>;
  readonly policy: pulumi.Output<string>;
  readonly names: Names;
  readonly routes: Readonly<Record<string, readonly string[]>>;

  constructor(name: string, args: TailscaleTailnetArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = planTailnet(args.topology);
    super(tokens.tailnet, name, { loginServer, tailnet: args.tailnet }, opts);
    const provider = this.createProvider(name, args);
    const policy = this.createPolicy(name, args, plan, provider);
    this.createSettings(name, args.topology, plan, provider);
    this.joinKeys = this.createKeys(`${name}-join`, plan.joinKeys, provider, policy);
    this.runnerKeys = this.createKeys(`${name}-runners`, plan.runnerKeys, provider, policy);
    this.watchDevices(name, args, plan, provider, policy);
    this.joined = tailscale
      .getDevicesOutput({}, { parent: this, provider })
      .apply(({ devices = [] }) => registrationOf(Object.keys(this.joinKeys), devices));
    this.policy = policy.acl;
    this.loginServer = pulumi.output(loginServer);
    this.names = plan.names;
    this.routes = Object.fromEntries(plan.routes);
    this.registerOutputs({
      joinKeys: this.joinKeys,
      runnerKeys: this.runnerKeys,
      policy: this.policy,
      loginServer: this.loginServer,
      names: this.names,
      routes: this.routes,
    });
  }

  private createProvider(name: string, { tailnet, oauthClient }: TailscaleTailnetArgs): tailscale.Provider {
    const credentials = {
      oauthClientId: pulumi.secret(oauthClient.id),
      oauthClientSecret: pulumi.secret(oauthClient.secret),
    };
    return new tailscale.Provider(`${name}-server`, { tailnet, ...credentials }, { parent: this });
  }

  private createPolicy(
    name: string,
    { replacePolicy = false }: TailscaleTailnetArgs,
    { policy }: TailnetPlan,
    provider: tailscale.Provider,
  ): tailscale.Acl {
    return new tailscale.Acl(
      `${name}-policy`,
      // Tailscale's default policy allows everything: resetting to it would open the tailnet.
      { acl: policyText(policy, "tailscale"), overwriteExistingContent: replacePolicy, resetAclOnDestroy: false },
      { parent: this, provider },
    );
  }

  private createSettings(name: string, topology: Topology, { names }: TailnetPlan, provider: tailscale.Provider): void {
    const options = { parent: this, provider };
    new tailscale.TailnetSettings(`${name}-settings`, settingsOf(topology), options);
    new tailscale.DnsConfiguration(`${name}-dns`, dnsOf(topology, names), options);
  }

  private createKeys(
    prefix: string,
    keys: readonly (readonly [string, KeyPlan])[],
    provider: tailscale.Provider,
    policy: tailscale.Acl,
  ): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
      keys.map(([of, plan]) => {
        // A key may only give tags that the policy knows and that the OAuth client's own tag owns.
        const options = { parent: this, provider, dependsOn: [policy] };
        const key = new tailscale.TailnetKey(`${prefix}-${of}`, keyOf(of, plan), options);
        return [of, pulumi.secret(key.key)];
      }),
    );
  }

  private watchDevices(
    name: string,
    { watch = [] }: TailscaleTailnetArgs,
    { joinKeys, routes, names }: TailnetPlan,
    provider: tailscale.Provider,
    policy: tailscale.Acl,
  ): void {
    // Deleting either would take tags and networks from a device that works on; no more watching is not meant so.
    const options = { parent: this, provider, dependsOn: [policy], retainOnDelete: true };
    for (const [machine, { tags }] of joinKeys.filter(([joined]) => watch.includes(joined))) {
      const device = { name: `${machine}.${names.baseDomain}` };
      const deviceId = tailscale.getDeviceOutput(device, { parent: this, provider }).nodeId;
      new tailscale.DeviceTags(`${name}-tags-${machine}`, { deviceId, tags: [...tags] }, options);
      const own = routes.flatMap(([router, cidrs]) => (router === machine ? cidrs : []));
      if (own.length === 0) continue;
      new tailscale.DeviceSubnetRoutes(`${name}-routes-${machine}`, { deviceId, routes: own }, options);
    }
  }
}
