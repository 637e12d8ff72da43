import { homedir } from "node:os";
import { join } from "node:path";
import { authorityFiles } from "../machines/place";
import type { LabFolder } from "./folder";

/** What the engine needs to know to work in a lab, and only there. */
export function labEnvironment(folder: LabFolder): Readonly<Record<string, string>> {
  return {
    ESTATE_LAB: folder.kind,
    ESTATE_STACK: folder.stack,
    ESTATE_BUNDLES: folder.bundles,
    NODE_COMPILE_CACHE: compileCache(),
    PULUMI_HOME: folder.home,
    PULUMI_BACKEND_URL: `file://${folder.state}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: folder.passphrase,
    PULUMI_STACK: folder.stack,
    // A real provider on PATH would otherwise be taken before the simulator's launcher.
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    // Nothing in a lab may ask an outside host for anything.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true",
    PULUMI_SUPPRESS_NEO_LINK: "true",
    // The full lab's hub has a certificate, as a real one has; its authority is the lab's own.
    ...(folder.kind === "full"
      ? { NODE_EXTRA_CA_CERTS: authorityFiles(join(folder.machines, "authority")).certificate }
      : {}),
  };
}

/**
 * What must not reach a lab: a passphrase or token that would win over the lab's own, and the credentials of the real
 * world, which a rehearsal has no business with.
 */
export const labForbids: readonly string[] = [
  "PULUMI_CONFIG_PASSPHRASE",
  "PULUMI_ACCESS_TOKEN",
  "PROXMOX_VE_ENDPOINT",
  "PROXMOX_VE_API_TOKEN",
  "PROXMOX_VE_USERNAME",
  "PROXMOX_VE_PASSWORD",
  "CLOUDFLARE_API_TOKEN",
  "CLOUDFLARE_API_KEY",
  "CLOUDFLARE_EMAIL",
  "GITHUB_TOKEN",
  "KUBECONFIG",
];

/** Where Node keeps compiled code: 0.2 s less for each of the engine's Node processes. */
export function compileCache(): string {
  return process.env["NODE_COMPILE_CACHE"] ?? join(userCache(), "node-compile-cache");
}

/** The project's folder in the user's cache, shared by all checkouts. */
export function userCache(): string {
  // An empty XDG_CACHE_HOME counts as not set (XDG base directory specification).
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "estate");
}
