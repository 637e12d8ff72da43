import * as pulumi from "@pulumi/pulumi";
import { entry, type Estate as EstateSpec, hubOf, type Vm, vmsOf } from "../../stacks/estate";
import { createBackup } from "../machines/backup";
import { planBundle, renderBundle } from "../machines/bundles/bundle.plan";
import { hasUserData, planUserData } from "../machines/cloudInit/userData.plan";
import { ProxmoxHost } from "../machines/proxmoxHost/proxmoxHost";
import { VirtualMachine, type VirtualMachineArgs } from "../machines/virtualMachine/virtualMachine";
import { HeadscaleTailnet } from "../tailnet/headscale/headscaleTailnet";
import { HeadscaleHostHub } from "../tailnet/hub/headscaleHostHub";
import { HeadscaleHub } from "../tailnet/hub/headscaleHub";
import type { HubArgs } from "../tailnet/hub/hub.args";
import { joinCloudInit, planJoin } from "../tailnet/join";
import { planNames } from "../tailnet/names.plan";
import type { Tailnet } from "../tailnet/tailnet";
import { TailscaleTailnet } from "../tailnet/tailscale/tailscaleTailnet";
import { tokens } from "../tokens";
import { cardOf, imageOf, imagesOf, isStateful, statefulVms } from "./estate.plan";
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
  /** URL of the hub that the full lab runs, on loopback; undefined in every other world. */
  readonly labHub?: string | undefined;
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
 * 2. the Headscale hub, when the estate runs one;
 * 3. the tailnet, with the key that the hub mints or with the credentials of a control server that exists: policy, names, a
 *    join key per machine;
 * 4. the other VMs;
 * 5. a backup job per host, for the VMs whose disks hold what nothing else has.
 */
export class Fleet extends pulumi.ComponentResource {
  /** IPv4 addresses, by VM; the hub is not among them. */
  readonly addresses: Addresses;
  readonly tailnet: Tailnet;
  /** Secret; join bundles, by machine that nobody creates through an API. */
  readonly bundles: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: FleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super(tokens.fleet, name, { org: args.spec.org, protection: args.protection }, opts);
    const hosts = this.createHosts(args);
    this.tailnet = this.createTailnet(args, hosts);
    this.addresses = this.createVms(args, hosts, this.tailnet);
    for (const [host, { backup: settings }] of Object.entries(args.spec.hosts)) {
      createBackup(this, { org: args.spec.org, host, settings, vmIds: statefulVms(args.spec, host) });
    }
    this.bundles = writeBundles(args.spec, this.tailnet);
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

  /** On a VM of the estate, or on a machine that is there already. */
  private createHub(args: FleetArgs, hosts: Hosts, name: string): HeadscaleHub | HeadscaleHostHub {
    const { spec, secrets, sshPublicKey, protection } = args;
    const privateKey = secretOf(secrets, "sshPrivateKey");
    const settings = hubSettings(args);
    const machine = entry(spec.machines, name);
    const options = { ...{ parent: this }, protect: protection };
    if (machine.kind === "vm") {
      const place = this.placeVm(spec, hosts, name, machine);
      const ssh = { publicKey: sshPublicKey, privateKey };
      return new HeadscaleHub(name, { ...place, ...settings, ssh }, options);
    }
    const { address, ssh: login, architecture } = machine;
    if (address === undefined || login === undefined) {
      throw new Error(`the loader let pass that nobody can log in on machines.${name}`);
    }
    const host = {
      address,
      ssh: { user: login.user, privateKey },
      ...(architecture === undefined ? {} : { architecture }),
    };
    return new HeadscaleHostHub(name, { ...host, ...settings }, options);
  }

  /** Which control server it is decides which of the two implementations. */
  private createTailnet(args: FleetArgs, hosts: Hosts): Tailnet {
    const { spec, world, labHub, secrets } = args;
    const name = `${spec.org}-tailnet`;
    // A hub that the full lab runs is a real server: nothing of its tailnet is simulated.
    const lab = world === undefined || labHub !== undefined ? {} : { world };
    const { control } = spec.tailnet;
    if (control.kind === "tailscale") {
      const oauthClient = {
        id: secretOf(secrets, "tailscaleOauthClientId"),
        secret: secretOf(secrets, "tailscaleOauthClientSecret"),
      };
      const { tailnet, watch, replacePolicy } = control;
      const settings = { topology: spec, tailnet, oauthClient, watch, replacePolicy };
      return new TailscaleTailnet(name, settings, { parent: this });
    }
    const server =
      "on" in control
        ? this.createHub(args, hosts, control.on)
        : { loginServer: control.loginServer, apiKey: secretOf(secrets, "headscaleApiKey") };
    const { loginServer, apiKey } = server;
    return new HeadscaleTailnet(name, { topology: spec, loginServer, apiKey, ...lab }, { parent: this });
  }

  private createVms(args: FleetArgs, hosts: Hosts, tailnet: Tailnet): Addresses {
    const { spec, protection } = args;
    return Object.fromEntries(
      vmsOf(spec)
        .filter(([name]) => name !== hubOf(spec.tailnet))
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
    if (!hasUserData(vm)) return undefined;
    const plan = planJoin(spec, name, vm);
    return pulumi.all([tailnet.loginServer, entry(tailnet.joinKeys, name)]).apply(([loginServer, authKey]) =>
      planUserData({
        hostname: name,
        vm,
        gpu: cardOf(spec, vm),
        sshPublicKey,
        join: joinCloudInit({ ...plan, loginServer, authKey }),
      }),
    );
  }
}

/** A script for each machine that joins by hand; the hub is set up over SSH and joins nothing. */
function writeBundles(spec: EstateSpec, { loginServer, joinKeys }: Tailnet): Fleet["bundles"] {
  return Object.fromEntries(
    Object.entries(spec.machines).flatMap(([name, machine]): [string, pulumi.Output<string>][] => {
      const key = joinKeys[name];
      if (machine.kind !== "external" || key === undefined) return [];
      const plan = planBundle(spec, name, machine);
      const bundle = pulumi
        .all([loginServer, key])
        .apply(([server, authKey]) => renderBundle({ ...plan, loginServer: server, authKey }));
      return [[name, pulumi.secret(bundle)]];
    }),
  );
}

/** What a hub is told wherever it runs. */
function hubSettings({ spec, secrets, labHub }: FleetArgs): HubArgs {
  const { baseDomain, dns, control } = spec.tailnet;
  return {
    domain: spec.domain,
    baseDomain,
    dns: {
      extraRecords: Object.entries(dns.records).map(([name, value]) => ({ name, type: "A", value })),
      nameservers: dns.nameservers,
      split: planNames(spec).split,
      searchDomains: dns.search,
    },
    ...hubCertificate(secrets),
    ...("on" in control ? { apiKeyEdition: control.apiKeyEdition } : {}),
    ...(labHub === undefined ? {} : { loginServer: labHub }),
  };
}

/** The hub's certificate, when the stack's secrets hold one; Let's Encrypt gives it one otherwise. */
function hubCertificate(secrets: FleetArgs["secrets"]): Pick<HubArgs, "certificate"> {
  const { hubCertificate: chain, hubCertificateKey: privateKey } = secrets;
  return chain === undefined || privateKey === undefined ? {} : { certificate: { chain, privateKey } };
}
