import { Lab } from "./support/lab";

/** The project's own program, and then one violation of each rule beside it. */
const program = `
import * as proxmox from "@muhlba91/pulumi-proxmoxve";
import * as cloudflare from "@pulumi/cloudflare";
import * as kubernetes from "@pulumi/kubernetes";
import * as headscale from "./providers/headscale/sdk";
import * as pulumi from "@pulumi/pulumi";

// Stands for the root of an estate that protects what holds state.
class Estate extends pulumi.ComponentResource {
  constructor() {
    super("estate:index:Estate", "planted", { protection: true });
  }
}
const parent = new Estate();
const world = pulumi.runtime.getConfig("estate:world") ?? "";
const provider = new headscale.Provider("planted-server", { world }, { parent });
new headscale.Policy(
  "planted-policy",
  { policy: JSON.stringify({ acls: [{ action: "accept", src: ["*"], dst: ["*:*"] }] }) },
  { parent, provider },
);
const tunnel = new cloudflare.ZeroTrustTunnelCloudflared("planted-tunnel", { accountId: "a", name: "planted" }, { parent });
new cloudflare.ZeroTrustTunnelCloudflaredConfig(
  "planted-ingress",
  {
    accountId: "a",
    tunnelId: tunnel.id,
    config: { ingresses: [{ hostname: "open.estate.example", service: "http://127.0.0.1" }, { service: "http_status:404" }] },
  },
  { parent },
);
const gpu = { nodeName: "pve", machine: "q35", started: true, hostpcis: [{ device: "hostpci0", mapping: "card", pcie: true }] };
new proxmox.VmLegacy("planted-first", { ...gpu, vmId: 900 }, { parent, protect: true });
new proxmox.VmLegacy("planted-second", { ...gpu, vmId: 901 }, { parent, protect: true });
new proxmox.VmLegacy(
  "planted-raw",
  { ...gpu, vmId: 902, hostpcis: [{ device: "hostpci0", id: "0000:01:00", pcie: true }] },
  { parent, protect: true },
);
new kubernetes.core.v1.ConfigMap("planted-map", { data: { password: "hunter2hunter2" } }, { parent });
`;

const lab = new Lab({ "index.ts": program });
afterAll(() => {
  lab.remove();
});

test("a planted violation of each rule stops the preview, named with resource and remedy", async () => {
  const run = await lab.estate("preview");
  expect(run.code).not.toBe(0);
  for (const [rule, resource] of [
    ["estate-tailnet-forbid-allow-all", "planted-policy"],
    ["estate-edge-require-access", "open.estate.example"],
    ["estate-machines-require-gpu-mapping", "planted-raw"],
    ["estate-machines-forbid-shared-gpu", "planted-second"],
    ["estate-lifecycle-require-protection", "planted-tunnel"],
    ["estate-secrets-forbid-clear-text", "planted-map"],
  ] as const) {
    expect(run.output).toContain(rule);
    expect(run.output).toContain(resource);
  }
  expect(run.output).toContain("Remedy:");
  // A message never repeats the value that it complains of.
  expect(run.output).not.toContain("hunter2hunter2");
  expect(lab.inventory()).toEqual([]);
});
