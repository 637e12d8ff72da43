import * as pulumi from "@pulumi/pulumi";
import { entry, type Estate as EstateSpec, type Vm, vmsOf } from "../../stacks/estate";
import { planUserData } from "../machines/cloudInit/userData.plan";
import { ProxmoxHost } from "../machines/proxmoxHost/proxmoxHost";
import { VirtualMachine, type VirtualMachineArgs } from "../machines/virtualMachine/virtualMachine";
import { HeadscaleHub } from "../tailnet/headscaleHub";
import { joinCloudInit, planJoin } from "../tailnet/join";
import { Tailnet } from "../tailnet/tailnet";
import { tokens } from "../tokens";
import { imageOf, imagesOf, isStateful } from "./estate.plan";
import { secretOf } from "./secrets";

/** The machines of an estate and the tailnet they are on. */
export interface FleetArgs {
  readonly spec: EstateSpec;
  /** Public key of the administrator, OpenSSH format. */
  readonly sshPublicKey: string;
  /** Whether what holds state may not be deleted. */
  readonly protection: boolean;
  /** Path of the lab's world file; undefined in the real world. */
  readonly world: string | undefined;
  /** Always treated as secret. */
  readonly secrets: Readonly<Record<string, pulumi.Input<string>>>;
}

type Hosts = Readonly<Record<string, ProxmoxHost>>;
type Addresses = Readonly<Record<string, pulumi.Output<string>>>;

/**
 * Machines and their tailnet. The two are one, because a machine joins the tailnet at its first boot, with a key that only
 * the hub can give, which is a machine itself. Creates
 *
 * 1. the Proxmox hosts, prepared for their cards;
 * 2. the Headscale hub and, with the key it mints, the tailnet: users, policy, a join key per machine;
 * 3. the other VMs.
 */
export class Fleet extends pulumi.ComponentResource {
  /** IPv4 addresses, by VM; the hub is not among them. */
  readonly addresses: Addresses;
  readonly tailnet: Tailnet;

  constructor(name: string, args: FleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super(tokens.fleet, name, { org: args.spec.org, protection: args.protection }, opts);
    const hosts = this.createHosts(args);
    this.tailnet = this.createTailnet(args, this.createHub(args, hosts));
    this.addresses = this.createVms(args, hosts, this.tailnet);
    this.registerOutputs({ addresses: this.addresses });
  }

  private createHosts({ spec, secrets }: FleetArgs): Hosts {
    return Object.fromEntries(
      Object.entries(spec.hosts).map(([name, host]) => [
        name,
        new ProxmoxHost(
          name,
          { host, images: imagesOf(spec, name), sshPrivateKey: secretOf(secrets, "sshPrivateKey") },
          { parent: this },
        ),
      ]),
    );
  }

  private createHub({ spec, secrets, sshPublicKey, protection }: FleetArgs, hosts: Hosts): HeadscaleHub {
    const name = spec.tailnet.control.on;
    const [, vm] = vmsOf(spec).find(([key]) => key === name) ?? [];
    if (vm === undefined) throw new Error(`the loader let pass that machines.${name} is no VM`);
    return new HeadscaleHub(
      name,
      {
        ...this.placeVm(spec, hosts, name, vm),
        domain: spec.domain,
        baseDomain: spec.tailnet.baseDomain,
        ssh: { publicKey: sshPublicKey, privateKey: secretOf(secrets, "sshPrivateKey") },
      },
      { ...{ parent: this }, protect: protection },
    );
  }

  private createTailnet({ spec, world }: FleetArgs, { loginServer, apiKey }: HeadscaleHub): Tailnet {
    const lab = world === undefined ? {} : { world };
    return new Tailnet(`${spec.org}-tailnet`, { topology: spec, loginServer, apiKey, ...lab }, { parent: this });
  }

  private createVms(args: FleetArgs, hosts: Hosts, tailnet: Tailnet): Addresses {
    const { spec, protection } = args;
    return Object.fromEntries(
      vmsOf(spec)
        .filter(([name]) => name !== spec.tailnet.control.on)
        .map(([name, vm]) => {
          const userData = this.userData(args, tailnet, name, vm);
          const gpu = vm.gpu === undefined ? {} : { gpuMapping: entry(entry(hosts, vm.host).mappings, vm.gpu) };
          const place = this.placeVm(spec, hosts, name, vm);
          const created = new VirtualMachine(
            name,
            { ...place, ...gpu, ...(userData === undefined ? {} : { userData }) },
            // The disks of these hold what nothing else has; a workstation's or a worker's does not.
            { ...{ parent: this }, protect: protection && isStateful(vm) },
          );
          return [name, created.address];
        }),
    );
  }

  private placeVm(
    spec: EstateSpec,
    hosts: Hosts,
    name: string,
    vm: Vm,
  ): Pick<VirtualMachineArgs, "vm" | "network" | "storage" | "image"> {
    const { key, contentType } = imageOf(spec, name, vm);
    return {
      vm,
      network: entry(spec.networks, vm.network),
      storage: entry(spec.hosts, vm.host).storage,
      image: { fileId: entry(entry(hosts, vm.host).images, key), contentType },
    };
  }

  /** Only machines that cloud-init sets up have user data; the key in it makes the whole of it secret. */
  private userData(
    { spec, sshPublicKey }: FleetArgs,
    tailnet: Tailnet,
    name: string,
    vm: Vm,
  ): pulumi.Output<string> | undefined {
    const { role } = vm;
    if (role !== "docker-host" && role !== "workstation") return undefined;
    const plan = planJoin(spec, name, vm);
    return pulumi
      .all([tailnet.loginServer, entry(tailnet.joinKeys, name)])
      .apply(([loginServer, authKey]) =>
        planUserData({ hostname: name, role, sshPublicKey, join: joinCloudInit({ ...plan, loginServer, authKey }) }),
      );
  }
}
