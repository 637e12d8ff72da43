import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Host, Network, Vm } from "../../stacks/estate";
import { VirtualMachine, type VirtualMachineArgs } from "../machines/virtualMachine/virtualMachine";
import { tokens } from "../tokens";
import { apiKeyCommand, type HubSpec, hubUserData, planHub } from "./hub.plan";

/** The tailnet's control server on a VM of its own. */
export interface HeadscaleHubArgs {
  readonly vm: Vm;
  readonly network: Network;
  readonly storage: Host["storage"];
  readonly image: VirtualMachineArgs["image"];
  /** The hub is headscale.<domain>; that name must lead to it, from the machines and from whoever runs `up`. */
  readonly domain: string;
  /** Base domain of MagicDNS names. */
  readonly baseDomain: string;
  /** The administrator's key pair, OpenSSH format; `up` logs in with it to mint the API key. */
  readonly ssh: { readonly publicKey: pulumi.Input<string>; readonly privateKey: pulumi.Input<string> };
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
   * Raise it to have a new API key minted: within its 90 days, and when the VM was made anew. The old key is left to expire.
   * @default 1
   */
  readonly apiKeyEdition?: number;
}

/**
 * A Headscale hub. Creates
 *
 * 1. its VM, which installs and starts Headscale at first boot: TLS, its own DERP relay, policies by API only, nightly
 *    backups;
 * 2. its first API key, minted on the hub over SSH, so that hub, key, users and nodes come up in one go.
 *
 * Protected when the component is: the hub's database is the tailnet. Without it every node has to join again.
 * Cloud-init runs once: a changed configuration reaches a hub that runs only when its VM is made anew, or by hand.
 *
 * @throws InputPropertiesError when the image cannot run a hub, or its name is inside the base domain
 * @example
 * const hub = new HeadscaleHub("headscale", { vm, network, storage: host.storage, image, domain: "example.org",
 *   baseDomain: "tailnet.example.org", ssh: { publicKey, privateKey } }, { parent: this });
 * new Tailnet("tailnet", { topology: estate, loginServer: hub.loginServer, apiKey: hub.apiKey }, { parent: this });
 */
export class HeadscaleHub extends pulumi.ComponentResource {
  /** https://headscale.<domain>: where nodes join and the API is. */
  readonly loginServer: pulumi.Output<string>;
  /** Secret. Known when Headscale answers. */
  readonly apiKey: pulumi.Output<string>;

  constructor(name: string, args: HeadscaleHubArgs, opts?: pulumi.ComponentResourceOptions) {
    const { vm, network, domain, baseDomain } = args;
    super(tokens.headscaleHub, name, { vm, network, domain, baseDomain }, opts);
    const plan = planHub({
      image: vm.image,
      domain,
      baseDomain,
      certificate:
        args.certificate === undefined ? { kind: "lets-encrypt", email: args.acmeEmail ?? "" } : { kind: "given" },
      trustedProxies: args.trustedProxies ?? [],
    });
    const machine = this.createMachine(name, args, plan);
    this.loginServer = pulumi.output(plan.loginServer);
    this.apiKey = this.mintApiKey(name, args, plan, machine);
    this.registerOutputs({ loginServer: this.loginServer, apiKey: this.apiKey });
  }

  private createMachine(name: string, args: HeadscaleHubArgs, plan: HubSpec): VirtualMachine {
    const { vm, network, storage, image, ssh, certificate } = args;
    const userData =
      certificate === undefined
        ? pulumi.output(ssh.publicKey).apply((sshPublicKey) => hubUserData(plan, { sshPublicKey }))
        : pulumi
            .all([ssh.publicKey, certificate.chain, pulumi.secret(certificate.privateKey)])
            .apply(([sshPublicKey, chain, privateKey]) =>
              hubUserData(plan, { sshPublicKey, certificate: { chain, privateKey } }),
            );
    return new VirtualMachine(name, { vm, network, storage, image, userData }, { parent: this });
  }

  private mintApiKey(
    name: string,
    { ssh, apiKeyEdition = 1 }: HeadscaleHubArgs,
    plan: HubSpec,
    machine: VirtualMachine,
  ): pulumi.Output<string> {
    const minted = new command.remote.Command(
      `${name}-api-key`,
      {
        connection: {
          host: machine.address,
          user: plan.user,
          privateKey: pulumi.secret(ssh.privateKey),
          // A VM that boots for the first time refuses connections for a while.
          dialErrorLimit: 60,
        },
        create: apiKeyCommand,
        triggers: [apiKeyEdition],
        logging: command.remote.Logging.None,
        // Otherwise the old key would be in the environment of the command that mints its successor.
        addPreviousOutputInEnv: false,
      },
      { parent: this, additionalSecretOutputs: ["stdout", "stderr"] },
    );
    return pulumi.secret(minted.stdout).apply((key) => key.trim());
  }
}
