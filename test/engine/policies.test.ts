import { Lab } from "./support/lab";

/** A root that protects what holds state, as an Estate with protection does. */
const head = `
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
`;

/** Alone, because the headscale provider refuses it as well, before rules over the whole stack are looked at. */
const openTailnet = `${head}
const provider = new headscale.Provider("planted-server", { world }, { parent });
new headscale.Policy(
  "planted-policy",
  { policy: JSON.stringify({ acls: [{ action: "accept", src: ["*"], dst: ["*:*"] }] }) },
  { parent, provider },
);
`;

/** One violation of each other rule. */
const violations = `${head}
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

/** What a preview of the program prints; it must fail and create nothing. */
async function refused(program: string): Promise<string> {
  const lab = new Lab({ "index.ts": program });
  try {
    const run = await lab.estate("preview");
    expect(run.code).not.toBe(0);
    expect(lab.inventory()).toEqual([]);
    return run.output;
  } finally {
    lab.remove();
  }
}

test("a tailnet policy that allows everything stops the preview", async () => {
  const output = await refused(openTailnet);
  expect(output).toMatch(/\[mandatory].*estate-tailnet-forbid-allow-all {2}\(headscale:index:Policy: planted-policy\)/);
  expect(output).toContain(
    "The tailnet policy planted-policy lets everybody reach every port of every machine (acls[0]).",
  );
  expect(output).toContain("To do: say in the spec what each machine or app serves and to whom");
});

test("a violation of each other rule stops it, named with resource and remedy, without the secret", async () => {
  const output = await refused(violations);
  for (const [rule, resource] of [
    ["estate-edge-require-access", "open.estate.example"],
    ["estate-machines-require-gpu-mapping", "planted-raw"],
    ["estate-machines-forbid-shared-gpu", "planted-second"],
    ["estate-lifecycle-require-protection", "planted-tunnel"],
    ["estate-secrets-forbid-clear-text", "planted-map"],
  ] as const) {
    const [, message = ""] = output.split(`${rule}  `);
    expect(message.split("\n\n")[0]).toContain(resource);
    expect(message).toContain("To do: ");
  }
  expect(output).not.toContain("hunter2hunter2");
});
