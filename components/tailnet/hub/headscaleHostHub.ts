import * as pulumi from "@pulumi/pulumi";
import { tokens } from "../../tokens";
import { type HubArgs, planArgs, valuesOf } from "./hub.args";
import { createHubCommands } from "./hub.commands";
import { type HubArchitecture, planHostHub } from "./hub.plan";

/** The tailnet's control server on a host that is there already. */
export interface HeadscaleHostHubArgs extends HubArgs {
  /** Address or name under which `up` reaches the host over SSH, port 22. */
  readonly address: pulumi.Input<string>;
  /** Root, or a user who may use sudo without a password, and the private key (OpenSSH format) that lets them in. */
  readonly ssh: { readonly user: string; readonly privateKey: pulumi.Input<string> };
  /**
   * The host's processor, as Debian calls it.
   * @default "amd64"
   */
  readonly architecture?: HubArchitecture;
}

/**
 * A Headscale hub on a Linux host that nobody creates through an API: Debian 12 or newer, Ubuntu 22.04 or newer
 * (https://headscale.net/stable/setup/install/official/). Creates
 *
 * 1. its setup over SSH: Headscale's package, verified, with the configuration, files and backups that a hub on a VM
 *    has. A changed configuration restarts the server; one that it refuses is taken back;
 * 2. its API key, minted on the host over SSH, and the end of the API keys that the estate minted before.
 *
 * The host's ports 443/tcp and 3478/udp have to be open; its firewall and its upgrades are its own. Removing the
 * component leaves Headscale running with all its data.
 *
 * @throws InputPropertiesError with everything that is wrong: a name inside the base domain, a user that is none, a
 * resolver that is none
 * @example
 * const hub = new HeadscaleHostHub("headscale", { address: "203.0.113.7", ssh: { user: "root", privateKey },
 *   domain: "example.org", baseDomain: "tailnet.example.org" }, { parent: this });
 */
export class HeadscaleHostHub extends pulumi.ComponentResource {
  /** Where nodes join and the API is. */
  readonly loginServer: pulumi.Output<string>;
  /** Secret. Known when Headscale answers. */
  readonly apiKey: pulumi.Output<string>;

  constructor(name: string, args: HeadscaleHostHubArgs, opts?: pulumi.ComponentResourceOptions) {
    const { address, domain, baseDomain, architecture, ssh } = args;
    const plan = planHostHub(name, ssh.user, { ...planArgs(args), architecture });
    super(tokens.headscaleHostHub, name, { address, domain, baseDomain, user: ssh.user }, opts);
    this.loginServer = pulumi.output(plan.loginServer);
    this.apiKey = createHubCommands(this, name, {
      plan,
      connection: { host: address, ...ssh },
      values: valuesOf(args),
      apiKeyEdition: args.apiKeyEdition ?? 1,
    });
    this.registerOutputs({ loginServer: this.loginServer, apiKey: this.apiKey });
  }
}
