import * as pulumi from "@pulumi/pulumi";
import * as headscale from "../../../providers/headscale/sdk";
import { tokens } from "../../tokens";
import { policyText } from "../policy.plan";
import type { Names } from "../names.plan";
import { registrationOf } from "../registration";
import type { Tailnet } from "../tailnet";
import { type KeyPlan, planTailnet, type TailnetPlan } from "../tailnet.plan";
import type { Topology } from "../topology";

/** A tailnet on a Headscale. */
export interface HeadscaleTailnetArgs {
  /** Who there is, what they serve and to whom; an Estate is one. */
  readonly topology: Topology;
  /** Where nodes join and the API is: https://headscale.example.org, of a hub of the estate's own or of one that exists. */
  readonly loginServer: pulumi.Input<string>;
  /** Key of the API. Always treated as secret. */
  readonly apiKey: pulumi.Input<string>;
  /**
   * Path of a lab's world file: the tailnet is simulated there, and no server is called.
   * @default the server at loginServer
   */
  readonly world?: string;
}

/**
 * A tailnet on Headscale, from what the estate declares. Creates
 *
 * 1. the provider that talks to the hub;
 * 2. a user per person (a policy that names an unknown user is refused);
 * 3. the policy: nothing is reachable but what is served, and the advertised networks approve themselves;
 * 4. a join key per machine, good once and for a limited time, and one per runner pool, for ephemeral nodes. Nodes get their
 *    tags by their key, and none can join before the policy is in force;
 * 5. the tags of each machine, and the approval of its networks, once more by name: key and policy have done both when it
 *    joins, but only so is it seen when somebody changes them later.
 *
 * Names are the hub's own matter: Headscale's DNS stands in its configuration. TLS certificates for tailnet names there are
 * none: no Headscale up to 0.29 gives its nodes a certificate domain.
 *
 * Deleting it leaves the last policy in force, because to Headscale none means "allow all".
 *
 * @throws InputPropertiesError when the compiled policy would reach further, or less far, than the spec says
 * @example
 * const tailnet = new HeadscaleTailnet("tailnet", { topology: estate, loginServer: hub.loginServer, apiKey: hub.apiKey });
 * const key = tailnet.joinKeys["docker"];
 */
export class HeadscaleTailnet extends pulumi.ComponentResource implements Tailnet {
  readonly loginServer: pulumi.Output<string>;
  readonly joinKeys: Readonly<Record<string, pulumi.Output<string>>>;
  readonly runnerKeys: Readonly<Record<string, pulumi.Output<string>>>;
  readonly joined: pulumi.Output<Readonly<Record<string, string>>>;
  readonly policy: pulumi.Output<string>;
  readonly names: Names;
  readonly routes: Readonly<Record<string, readonly string[]>>;

  constructor(name: string, args: HeadscaleTailnetArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = planTailnet(args.topology);
    super(tokens.tailnet, name, { loginServer: args.loginServer }, opts);
    const provider = this.createProvider(name, args);
    const users = this.createUsers(name, plan, provider);
    const policy = this.createPolicy(name, plan, provider, users);
    this.joinKeys = this.createKeys(`${name}-join`, plan.joinKeys, provider, policy);
    this.runnerKeys = this.createKeys(`${name}-runners`, plan.runnerKeys, provider, policy);
    this.watchNodes(name, plan, provider, policy);
    this.joined = headscale
      .getNodesOutput({}, { parent: this, provider })
      .nodes.apply((nodes) => registrationOf(Object.keys(this.joinKeys), nodes));
    this.policy = policy.policy;
    this.loginServer = pulumi.output(args.loginServer);
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

  private createProvider(name: string, { loginServer, apiKey, world }: HeadscaleTailnetArgs): headscale.Provider {
    const backend = world === undefined ? { endpoint: loginServer, apiKey: pulumi.secret(apiKey) } : { world };
    return new headscale.Provider(`${name}-server`, backend, { parent: this });
  }

  private createUsers(name: string, { users }: TailnetPlan, provider: headscale.Provider): headscale.User[] {
    return users.map((user) => new headscale.User(`${name}-user-${user.name}`, user, { parent: this, provider }));
  }

  private createPolicy(
    name: string,
    { policy }: TailnetPlan,
    provider: headscale.Provider,
    users: headscale.User[],
  ): headscale.Policy {
    return new headscale.Policy(
      `${name}-policy`,
      { policy: policyText(policy, "headscale") },
      // Users first: the policy names them. On the way down the policy goes first, for the same reason.
      { parent: this, provider, dependsOn: users },
    );
  }

  private createKeys(
    prefix: string,
    keys: readonly (readonly [string, KeyPlan])[],
    provider: headscale.Provider,
    policy: headscale.Policy,
  ): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
      keys.map(([of, { tags, reusable, ephemeral, expiry }]) => {
        const key = new headscale.PreAuthKey(
          `${prefix}-${of}`,
          { tags: [...tags], reusable, ephemeral, expiration: expiry },
          // Without a policy Headscale allows everything: nobody may be able to join before there is one.
          { parent: this, provider, dependsOn: [policy] },
        );
        return [of, pulumi.secret(key.key)];
      }),
    );
  }

  private watchNodes(name: string, plan: TailnetPlan, provider: headscale.Provider, policy: headscale.Policy): void {
    // The server refuses tags that its policy does not know.
    const options = { parent: this, provider, dependsOn: [policy] };
    for (const [node, { tags }] of plan.joinKeys) {
      new headscale.NodeTags(`${name}-tags-${node}`, { node, tags: [...tags] }, options);
    }
    for (const [node, routes] of plan.routes) {
      new headscale.RouteApproval(`${name}-routes-${node}`, { node, routes: [...routes] }, options);
    }
  }
}
