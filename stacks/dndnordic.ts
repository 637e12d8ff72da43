import { defineEstate } from "./define";

/** The ingest server and the build host serve whoever works in the repositories, and the build host itself. */
const repositoryUsers = ["group:infra", "group:developers"] as const;

/**
 * The dndnordic mesh: a tailnet on Tailscale, Mikael's GPU box with the LLM ingest server, the Linux host that builds images,
 * the administration host of Genesis, and the repositories Genesis, Origin and Singularity. The machines are there already
 * and join by hand. Only Mikael manages infrastructure: he alone owns tags and opens sessions on the build host.
 */
export const dndnordic = defineEstate({
  org: "dndnordic",
  domain: "dndnordic.com",
  people: {
    // "mikki" on GitHub. The addresses are those of the tailnet's logins; the owner of the estate puts the real ones here.
    mikael: { email: "mikael@dndnordic.com", groups: ["infra"] },
    "dnd-genesis": { email: "genesis@dndnordic.com", groups: ["developers"] },
  },
  machines: {
    "mikki-bunker": {
      kind: "external",
      os: "windows",
      role: "gpu-box",
      tags: ["gpu"],
      // Processes tokens and nothing else: no application runs here, so nothing else is served.
      serves: { ingest: { port: 8000, to: [...repositoryUsers, "tag:builder", "tag:admin"] } },
    },
    "linux-builder": {
      kind: "external",
      os: "linux",
      role: "builder",
      tags: ["builder"],
      serves: {
        dns: { port: 53, protocol: "udp", to: [...repositoryUsers, "tag:gpu", "tag:admin"] },
        "dns-tcp": { port: 53, protocol: "tcp", to: [...repositoryUsers, "tag:gpu", "tag:admin"] },
      },
    },
    "genesis-admin": { kind: "external", os: "linux", role: "appliance", tags: ["admin"] },
  },
  tailnet: {
    // Both are placeholders until the estate's owner puts the tailnet's own here (admin console: Settings and DNS).
    control: { kind: "tailscale", tailnet: "dndnordic.com" },
    baseDomain: "tail00000.ts.net",
    tags: {
      gpu: { owners: ["group:infra"] },
      builder: { owners: ["group:infra"] },
      admin: { owners: ["group:infra"] },
    },
    ssh: [
      { from: "group:infra", to: "tag:builder", users: ["mikael"] },
      { from: "group:infra", to: "tag:admin", users: ["mikael"] },
    ],
    dns: {
      // The names that the document uses. The address is the build host's in the tailnet, shown there once it has joined.
      names: { "mikki-bunker.local": "mikki-bunker", "linux-builder.local": "linux-builder" },
      resolver: { on: "linux-builder", address: "100.64.0.53" },
    },
  },
  repositories: {
    genesis: { description: "Administration: keys, permissions, secrets" },
    origin: {
      description: "Governance of Singularity, and the central LLM service",
      secrets: ["ingestApiKey", "cfClientId", "cfClientSecret"],
    },
    singularity: { description: "AI engine", secrets: ["ingestApiKey", "cfClientId", "cfClientSecret"] },
  },
});
