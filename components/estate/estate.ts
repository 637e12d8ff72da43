import * as pulumi from "@pulumi/pulumi";
import type { Estate as EstateSpec } from "../../stacks/estate";
import type { LabPlaces } from "../../stacks/labPlaces";
import { PublicEdge, type PublishedHost, resolveAccess } from "../edge/publicEdge";
import { tokens } from "../tokens";
import { Delivery } from "./delivery";
import { publishedServices } from "./estate.plan";
import { Fleet } from "./fleet";
import { Platform } from "./platform";

/** Everything an organisation runs. */
export interface EstateArgs {
  /** The loaded spec: stacks/load.ts. */
  readonly spec: EstateSpec;
  readonly cloudflareAccountId: string;
  readonly cloudflareZoneId: string;
  /** Zero Trust organisation: TEAM of TEAM.cloudflareaccess.com. */
  readonly cloudflareTeam: string;
  readonly githubOwner: string;
  /** Public key of the administrator, OpenSSH format. */
  readonly sshPublicKey: string;
  /** Whether what holds state may not be deleted. */
  readonly protection: boolean;
  /** Path of the lab's world file; undefined in the real world. */
  readonly world: string | undefined;
  /** Where the full lab runs what the estate declares, on loopback; undefined in every other world. */
  readonly lab?: LabPlaces | undefined;
  /** Values of the secrets that the spec needs; stacks/dials.ts names them. Always treated as secret. */
  readonly secrets: Readonly<Record<string, pulumi.Input<string>>>;
}

type Table = Readonly<Record<string, string>>;

/** What anybody may read. */
export interface PublicOutputs {
  /** Login server of the tailnet. */
  readonly tailnet: string;
  /** Names inside the tailnet, and the machine that each means. */
  readonly names: Table;
  /** Addresses in the tailnet of the machines that have joined it, as its control server says. */
  readonly joined: Table;
  /** What is on the internet, by host. */
  readonly urls: Table;
  /** Addresses of VMs. */
  readonly machines: Table;
  /** Kubernetes APIs. */
  readonly clusters: Table;
  readonly repositories: Table;
}

/** What opens something. */
export interface SecretOutputs {
  readonly kubeconfigs: Table;
  readonly talosconfigs: Table;
  /** For the machines that nobody creates through an API. */
  readonly joinKeys: Table;
  /** Scripts that join those machines, by machine: docs/machines.md. */
  readonly bundles: Table;
}

/**
 * An organisation's whole estate. Creates
 *
 * 1. the fleet: hosts, tailnet, VMs;
 * 2. the public edge, when something is published;
 * 3. the platform: clusters, add-ons, apps, the tunnel's connector;
 * 4. the delivery: repositories and runners.
 *
 * All of it in one `up` from nothing, and all of it in the preview before.
 */
export class Estate extends pulumi.ComponentResource {
  readonly publicOutputs: pulumi.Output<PublicOutputs>;
  /** Secret as a whole. */
  readonly secretOutputs: pulumi.Output<SecretOutputs>;

  constructor(name: string, args: EstateArgs, opts?: pulumi.ComponentResourceOptions) {
    const { spec, protection, world, lab, secrets, sshPublicKey, githubOwner } = args;
    super(tokens.estate, name, { org: spec.org, domain: spec.domain, protection }, opts);
    const fleet = new Fleet(
      `${name}-fleet`,
      { spec, sshPublicKey, protection, world, labHub: lab?.hub, secrets },
      { parent: this },
    );
    const edge = this.createEdge(args);
    const platform = this.createPlatform(args, fleet, edge);
    const delivery = new Delivery(
      `${name}-delivery`,
      { spec, githubOwner, fleet, secrets },
      { parent: this, protect: protection },
    );
    this.publicOutputs = pulumi.output({
      tailnet: fleet.tailnet.loginServer,
      names: fleet.tailnet.names.machines,
      joined: fleet.tailnet.joined,
      urls: pulumi.all({ ...edge?.urls }),
      machines: pulumi.all(fleet.addresses),
      clusters: pulumi.all(platform.endpoints),
      repositories: pulumi.all(delivery.urls),
    });
    this.secretOutputs = pulumi.secret({
      kubeconfigs: pulumi.all(platform.kubeconfigs),
      talosconfigs: pulumi.all(platform.talosconfigs),
      joinKeys: pulumi.all(fleet.tailnet.joinKeys),
      bundles: pulumi.all(fleet.bundles),
    });
    this.registerOutputs({ public: this.publicOutputs, secret: this.secretOutputs });
  }

  private createEdge({ spec, protection, ...dials }: EstateArgs): PublicEdge | undefined {
    const published = Object.entries(publishedServices(spec));
    if (published.length === 0) return undefined;
    const hosts = published.map(([host, { publication, url }]): [string, PublishedHost] => [
      host,
      { service: url, access: resolveAccess(publication.access, spec.people) },
    ]);
    return new PublicEdge(
      `${spec.org}-edge`,
      {
        org: spec.org,
        domain: spec.domain,
        accountId: dials.cloudflareAccountId,
        zoneId: dials.cloudflareZoneId,
        teamName: dials.cloudflareTeam,
        hosts: Object.fromEntries(hosts),
      },
      { parent: this, protect: protection },
    );
  }

  private createPlatform(
    { spec, world, lab, secrets, protection }: EstateArgs,
    fleet: Fleet,
    edge: PublicEdge | undefined,
  ): Platform {
    return new Platform(
      `${spec.org}-platform`,
      {
        spec,
        addresses: fleet.addresses,
        world,
        tailnet: fleet.tailnet,
        talosEndpoints: lab?.talos,
        snapshots: lab?.snapshots,
        tunnelToken: edge?.tunnelToken,
        secrets,
      },
      { parent: this, protect: protection },
    );
  }
}
