import * as proxmox from "@muhlba91/pulumi-proxmoxve";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../../stacks/estate";
import { tokens } from "../../tokens";
import type { ImageSource } from "../images";
import { planMappings, planPassthrough } from "./proxmoxHost.plan";

/** A Proxmox VE host. */
export interface ProxmoxHostArgs {
  readonly host: Host;
  /** What the VMs on this host boot from. Each image is downloaded once. */
  readonly images: readonly ImageSource[];
  /** Private key with which root logs in on the host, OpenSSH format. */
  readonly sshPrivateKey: pulumi.Input<string>;
}

/**
 * A Proxmox VE host, ready for its VMs. Creates
 *
 * 1. the host's preparation for PCI passthrough, by an idempotent script over SSH (only when it has GPUs): kernel
 *    arguments, VFIO modules, nouveau off, and a check that a card shares its IOMMU group with nothing else. It never
 *    reboots the host; the script's output says when a reboot is needed;
 * 2. one PCI resource mapping per GPU (API tokens may attach mappings only, never raw PCI ids);
 * 3. one image download per operating system.
 *
 * Removing the component leaves the host's files as they are.
 */
export class ProxmoxHost extends pulumi.ComponentResource {
  /** Names of the PCI mappings, by GPU. */
  readonly mappings: Readonly<Record<string, pulumi.Output<string>>>;
  /** File ids of the images in the host's datastore, by the image's key. */
  readonly images: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: ProxmoxHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super(tokens.proxmoxHost, name, { host: args.host, images: args.images }, opts);
    const prepared = this.preparePassthrough(name, args);
    this.mappings = this.createMappings(name, args.host, prepared);
    this.images = this.downloadImages(name, args);
    this.registerOutputs({ mappings: this.mappings, images: this.images });
  }

  private preparePassthrough(name: string, { host, sshPrivateKey }: ProxmoxHostArgs): pulumi.Resource[] {
    const plan = planPassthrough(host);
    if (plan === undefined) return [];
    const connection = { host: host.address, user: "root", privateKey: pulumi.secret(sshPrivateKey) };
    return [
      new command.remote.Command(
        `${name}-passthrough`,
        { connection, create: plan.command, stdin: plan.script, addPreviousOutputInEnv: false },
        { parent: this },
      ),
    ];
  }

  private createMappings(
    name: string,
    host: Host,
    dependsOn: pulumi.Resource[],
  ): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
      planMappings(name, host).map(({ key, mappingName, comment, ...map }) => {
        const mapping = new proxmox.hardware.mapping.Pci(
          `${name}-${key}`,
          { name: mappingName, comment, maps: [map] },
          // A card that the host still uses can be mapped, but the VM would take it from under a driver.
          { parent: this, dependsOn },
        );
        return [key, mapping.name];
      }),
    );
  }

  private downloadImages(name: string, { host, images }: ProxmoxHostArgs): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
      images.map(({ key, url, fileName, contentType, decompression }) => {
        const file = new proxmox.download.File(
          `${name}-${key}`,
          {
            nodeName: name,
            datastoreId: host.storage.images,
            contentType,
            url,
            fileName,
            // A newer upstream image must not replace the file under running VMs.
            overwrite: false,
            ...(decompression === undefined ? {} : { decompressionAlgorithm: decompression }),
          },
          { parent: this },
        );
        return [key, file.id];
      }),
    );
  }
}
