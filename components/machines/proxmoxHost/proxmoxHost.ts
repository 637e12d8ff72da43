import * as proxmox from "@muhlba91/pulumi-proxmoxve";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../../stacks/estate";
import { tokens } from "../../tokens";
import type { ImageSource } from "../images";
import { type MappingPlan, planMappings, planPassthrough, readCard } from "./proxmoxHost.plan";

/** A dial that is refused is repeated after 5 seconds, one that is not answered ends after 15: 10 to 40 minutes in all. */
const dialsDuringReboot = 120;

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
 *    arguments, VFIO modules, the vendor's drivers off, and a check that a card shares its IOMMU group with nothing else.
 *    It fails, and no card is mapped, while the host does not run with all that. With `host.reboot` it reboots the host;
 * 2. with `host.reboot`, the wait until the host is back and runs with it;
 * 3. one PCI resource mapping per GPU (API tokens may attach mappings only, never raw PCI ids), with its IOMMU group and its
 *    subsystem as the host's preparation found them, where the spec does not say them;
 * 4. one image download per operating system.
 *
 * Removing the component, or the host's last GPU, takes back what the script added; nothing is rebooted then.
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

  private preparePassthrough(name: string, { host, sshPrivateKey }: ProxmoxHostArgs): command.remote.Command[] {
    const plan = planPassthrough(host);
    if (plan === undefined) return [];
    const connection = { host: host.address, user: "root", privateKey: pulumi.secret(sshPrivateKey) };
    // A later run would send what the script said before: most servers refuse that, and nobody reads it.
    const shared = { stdin: plan.script, addPreviousOutputInEnv: false };
    const prepared = new command.remote.Command(
      `${name}-passthrough`,
      { connection, create: plan.command, delete: plan.undo, ...shared },
      { parent: this },
    );
    if (plan.ready === undefined) return [prepared];
    const ready = new command.remote.Command(
      `${name}-passthrough-ready`,
      { connection: { ...connection, dialErrorLimit: dialsDuringReboot }, create: plan.ready, ...shared },
      { parent: this, dependsOn: [prepared] },
    );
    return [prepared, ready];
  }

  private createMappings(
    name: string,
    host: Host,
    dependsOn: command.remote.Command[],
  ): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
      planMappings(name, host).map(({ key, mappingName, comment, ...map }) => {
        const mapping = new proxmox.hardware.mapping.Pci(
          `${name}-${key}`,
          { name: mappingName, comment, maps: [{ ...found(map, dependsOn.at(-1)), ...map }] },
          // A card that the host still uses can be mapped, but the VM would take it from under a driver.
          { parent: this, dependsOn },
        );
        return [key, mapping.name];
      }),
    );
  }

  private downloadImages(name: string, { host, images }: ProxmoxHostArgs): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
      images.map(({ key, url, fileName, contentType, decompression, checksum }) => {
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
            ...(checksum === undefined ? {} : { checksumAlgorithm: checksum.algorithm, checksum: checksum.value }),
          },
          { parent: this },
        );
        return [key, file.id];
      }),
    );
  }
}

/** What the last command of a host's preparation found of a card. */
function found(
  { path }: Pick<MappingPlan, "path">,
  prepared: command.remote.Command | undefined,
): { iommuGroup?: pulumi.Output<number | undefined>; subsystemId?: pulumi.Output<string | undefined> } {
  if (prepared === undefined) return {};
  // The provider makes everything that a command prints a secret, because the connection is one; the script prints none.
  const facts = pulumi.unsecret(prepared.stdout).apply((printed) => readCard(printed, path));
  return {
    iommuGroup: facts.apply(({ iommuGroup }) => iommuGroup),
    subsystemId: facts.apply(({ subsystemId }) => subsystemId),
  };
}
