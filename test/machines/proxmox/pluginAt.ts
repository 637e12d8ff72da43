import { mkdtempSync } from "node:fs";
import { join, resolve } from "node:path";
import { userCache } from "../../../lab/launch/environment";
import type { Proxmox, ProxmoxOptions } from "../../../lab/proxmox";
import { obtainTool, pins } from "../../../lab/tools";
import type { Plugin } from "./plugin";
import { type Place, token } from "./support";
import { privileges } from "./wanted";

/** Starts the emulator, and the real provider's plugin on it, with a token that has the role of docs/hosts.md and no more. */
export async function startPluginAt(
  place: Place,
  plugin: Plugin,
  options: Partial<ProxmoxOptions> = {},
): Promise<Proxmox> {
  const root = resolve(__dirname, "../../..");
  const pin = pins["pulumi-resource-proxmoxve"];
  const { path } = await obtainTool({ root, cache: userCache(), pin, say: () => undefined });
  const proxmox = await place.start({ tokens: { [token.id]: { ...token, privileges } } }, options);
  const { endpoint, trusted, ssh } = proxmox;
  // The provider writes known_hosts in HOME.
  const env = { PATH: process.env["PATH"], HOME: mkdtempSync(join(place.folder, "home-")), SSL_CERT_FILE: trusted };
  const nodes = Object.entries(ssh).map(([name, at]) => ({ name, ...at }));
  await plugin.start(path, env, {
    endpoint,
    apiToken: `${token.id}=${token.secret}`,
    ssh: JSON.stringify({ username: "root", privateKey: place.key.private, nodes }),
  });
  return proxmox;
}
