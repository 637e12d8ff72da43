import * as pulumi from "@pulumi/pulumi";
import type { Host, Network, Vm } from "../../../stacks/estate";
import { VirtualMachine, type VirtualMachineArgs } from "../../machines/virtualMachine/virtualMachine";
import { tokens } from "../../tokens";
import { type HubArgs, planArgs, valuesOf } from "./hub.args";
import { createHubCommands } from "./hub.commands";
import { type HubSpec, planVmHub } from "./hub.plan";
import { hubUserData, type HubValues } from "./hub.setup";

/** The tailnet's control server on a VM of its own. */
export interface HeadscaleHubArgs extends HubArgs {
  readonly vm: Vm;
  readonly network: Network;
  readonly storage: Host["storage"];
  readonly image: VirtualMachineArgs["image"];
  /** The administrator's key pair, OpenSSH format; `up` logs in with it. */
  readonly ssh: { readonly publicKey: pulumi.Input<string>; readonly privateKey: pulumi.Input<string> };
}

/**
 * A Headscale hub on a VM. Creates
 *
 * 1. its VM, which installs and starts Headscale at first boot: TLS, its own DERP relay, policies by API only, nightly
 *    backups;
 * 2. its setup over SSH, which finds nothing to do after the first boot and later brings a changed configuration or
 *    version to the hub that runs;
 * 3. its API key, minted on the hub over SSH, so that hub, key, users and nodes come up in one go, and the end of the
 *    API keys that the estate minted before.
 *
 * The VM's own firewall lets in 443/tcp and 3478/udp; another port in loginServer has to be forwarded to it.
 *
 * Protected when the component is: the hub's database is the tailnet. Without it every node has to join again.
 *
 * @throws InputPropertiesError with everything that is wrong: an image that cannot run a hub, a name inside the base
 * domain, a resolver that is none
 * @example
 * const hub = new HeadscaleHub("headscale", { vm, network, storage: host.storage, image, domain: "example.org",
 *   baseDomain: "tailnet.example.org", ssh: { publicKey, privateKey } }, { parent: this });
 * const { loginServer, apiKey } = hub;
 * new HeadscaleTailnet("tailnet", { topology: estate, loginServer, apiKey }, { parent: this });
 */
export class HeadscaleHub extends pulumi.ComponentResource {
  /** Where nodes join and the API is. */
  readonly loginServer: pulumi.Output<string>;
  /** Secret. Known when Headscale answers. */
  readonly apiKey: pulumi.Output<string>;

  constructor(name: string, args: HeadscaleHubArgs, opts?: pulumi.ComponentResourceOptions) {
    const { vm, network, domain, baseDomain } = args;
    const plan = planVmHub(name, vm.image, planArgs(args));
    super(tokens.headscaleHub, name, { vm, network, domain, baseDomain }, opts);
    const values = valuesOf(args);
    const machine = this.createMachine(name, args, plan, values);
    this.loginServer = pulumi.output(plan.loginServer);
    this.apiKey = createHubCommands(this, name, {
      plan,
      connection: { host: machine.address, user: plan.user, privateKey: args.ssh.privateKey },
      values,
      apiKeyEdition: args.apiKeyEdition ?? 1,
    });
    this.registerOutputs({ loginServer: this.loginServer, apiKey: this.apiKey });
  }

  private createMachine(
    name: string,
    { vm, network, storage, image, ssh }: HeadscaleHubArgs,
    plan: HubSpec,
    values: pulumi.Output<HubValues>,
  ): VirtualMachine {
    const userData = pulumi
      .all([ssh.publicKey, values])
      .apply(([sshPublicKey, given]) => hubUserData(plan, sshPublicKey, given));
    return new VirtualMachine(name, { vm, network, storage, image, userData }, { parent: this });
  }
}
