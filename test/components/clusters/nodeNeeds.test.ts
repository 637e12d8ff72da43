import { nodeDocuments } from "../../../components/clusters/talosCluster/machineConfig";
import { extensionsFor, installerImage, schematicId } from "../../../components/clusters/talosCluster/schematic";
import { tailscaleDocument } from "../../../components/clusters/talosCluster/tailscale";
import type { Gpu } from "../../../stacks/estate";
import { cluster } from "../tailnet/fixtures";

const card: Gpu = { slot: "0000:01:00", device: "10de:1b81", companions: [], vram: "8 GiB", architecture: "pascal" };

/**
 * Ids that the image factory's own code gives: pkg/schematic of https://github.com/siderolabs/image-factory, compiled and asked,
 * at v0.8.4 and at 26b95ca of 2026-08-21, which agree. The second is also known from people who asked the factory itself.
 */
const known: readonly (readonly [string, readonly string[]])[] = [
  ["376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba", []],
  ["ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515", extensionsFor({ talos: "1.12.0" })],
  [
    "7d4c31cbd96db9f90c874990697c523482b2bae27fb4631d5583dcd9c281b1ff",
    extensionsFor({ talos: "1.12.0", tailnet: true }),
  ],
  [
    "077514df2c1b6436460bc60faabc976687b16193b8a1290fda4366c69024fec2",
    extensionsFor({ talos: "1.12.0", iscsi: true, tailnet: true }),
  ],
  ["914b38adefad3d77212f565745ed52013bf3a424e7da2730e9e7dad8ee297342", extensionsFor({ talos: "1.12.0", gpu: card })],
  [
    "fbe7f73f2bc5c13f4e011a6215cdf076504389ed678fd787e4d672abd3114e45",
    extensionsFor({ talos: "1.12.0", gpu: { ...card, architecture: "ada" }, tailnet: true }),
  ],
];

test.each(known)("schematic %s is the factory's", (id, extensions) => {
  expect(schematicId(extensions)).toBe(id);
});

test("each need has its extensions", () => {
  expect(extensionsFor({ talos: "1.12.0", iscsi: true, kata: true, tailnet: true, gpu: card })).toEqual([
    "siderolabs/iscsi-tools",
    "siderolabs/kata-containers",
    "siderolabs/nonfree-kmod-nvidia-lts",
    "siderolabs/nvidia-container-toolkit-lts",
    "siderolabs/qemu-guest-agent",
    "siderolabs/tailscale",
    "siderolabs/util-linux-tools",
  ]);
});

describe("a node of the tailnet", () => {
  const request = { name: "cp1", role: "worker", cluster: cluster(), subnets: ["192.168.10.0/24"] } as const;
  const rules = (tailnet: boolean) =>
    nodeDocuments({ ...request, tailnet }).filter((document) => document["name"] === "tailscale");

  test("boots an installer with the extension, and lets WireGuard in", () => {
    expect(nodeDocuments({ ...request, tailnet: true })[0]).toMatchObject({
      machine: { install: { image: installerImage({ talos: "1.12.0", tailnet: true }) } },
    });
    expect(rules(true)).toEqual([
      {
        apiVersion: "v1alpha1",
        kind: "NetworkRuleConfig",
        name: "tailscale",
        portSelector: { ports: [41641], protocol: "udp" },
        ingress: [{ subnet: "0.0.0.0/0" }],
      },
    ]);
    expect(rules(false)).toEqual([]);
  });

  const join = { hostname: "cp1", loginServer: "https://headscale.example.org", authKey: "made-up-key" };

  test("logs in once, on its own control server, on the port that the firewalls know", () => {
    expect(tailscaleDocument({ ...join, advertises: ["10.96.0.0/12", "10.244.0.0/16"] })).toEqual({
      apiVersion: "v1alpha1",
      kind: "ExtensionServiceConfig",
      name: "tailscale",
      environment: [
        "TS_AUTHKEY=made-up-key",
        "TS_AUTH_ONCE=true",
        "TS_HOSTNAME=cp1",
        "TS_ROUTES=10.96.0.0/12,10.244.0.0/16",
        "TS_EXTRA_ARGS=--login-server=https://headscale.example.org",
        "TS_TAILSCALED_EXTRA_ARGS=--port=41641",
      ],
    });
  });

  test("without networks it takes back those that it advertised before", () => {
    expect(tailscaleDocument({ ...join, advertises: [] })["environment"]).toContain("TS_ROUTES=");
  });
});
