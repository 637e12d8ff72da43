/**
 * The installer of a node. Without a schematic it is the plain one of the release; with one it is the image factory's for
 * machines that are not of a cloud: https://docs.siderolabs.com/talos/v1.12/platform-specific-installations/boot-assets
 *
 * @param talosVersion without "v"
 */
export function installerOf(
  talosVersion: string,
  schematic: string | undefined,
  installImage: string | undefined,
): string {
  if (installImage !== undefined) return installImage;
  return schematic === undefined
    ? `ghcr.io/siderolabs/installer:v${talosVersion}`
    : `factory.talos.dev/metal-installer/${schematic}:v${talosVersion}`;
}

/** The schematic in the name of an image of the factory; undefined when it is not from there. */
export function schematicOfImage(image: string): string | undefined {
  return /\/([0-9a-f]{64}):/.exec(image)?.[1];
}
