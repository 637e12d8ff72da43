import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labEnvironment, labFolder, type LabRequest, prepareLab, readPlaces } from "../../lab/launch";
import { readStackFile, valueAt } from "../../lab/launch/config";
import { makeCheckout } from "./launchFixture";

let root: string;
let request: LabRequest;
const secret = (file: string, name: string) =>
  JSON.stringify(valueAt(readStackFile(readFileSync(file, "utf8"), file).config, ["estate:secrets", name]) ?? null);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "launch-full-"));
  const pulumi = makeCheckout(root);
  const tools = { pulumi, full: { headscale: join(root, "headscale"), talosctl: join(root, "talosctl") } };
  const runs = { hub: true, hosts: ["pve1", "pve2"], talos: ["cp1", "gpu1"], clusters: ["core"] };
  request = { root, stack: "dev", kind: "full", runs, tools, requiredSecrets: ["deployKey", "proxmoxApiToken"] };
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

describe("the full lab", () => {
  test("has a folder, a state and a world of its own", async () => {
    const full = await prepareLab(request);
    const embedded = await prepareLab({ ...request, kind: "embedded" });
    expect(full.directory).toBe(join(root, ".lab", "dev.full"));
    for (const part of ["directory", "state", "world", "passphrase", "config"] as const)
      expect(full[part]).not.toBe(embedded[part]);
    expect(labEnvironment(full)).toMatchObject({ ESTATE_LAB: "full", PULUMI_BACKEND_URL: `file://${full.state}` });
  });

  test("places everything it runs on ports of loopback, each its own and the same in every run", async () => {
    const folder = await prepareLab(request);
    const places = readPlaces(folder);
    const { ssh = {}, endpoint } = places?.proxmox ?? {};
    const urls = [places?.hub, endpoint?.replace(/\/$/, ""), places?.kubernetes["core"]];
    for (const url of urls) expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(Object.keys(places?.talos ?? {})).toEqual(["cp1", "gpu1"]);
    const ports = [...urls.map((url) => url?.split(":").pop()), ...Object.values(ssh).map(({ port }) => String(port))];
    expect(new Set([...ports, ...Object.values(places?.talos ?? {})]).size).toBe(7);
    expect(readPlaces(await prepareLab(request))).toEqual(places);
  });

  test("keeps the places of what stays when the spec grows", async () => {
    const before = readPlaces(await prepareLab(request));
    const runs = { hub: true, hosts: ["pve1"], talos: ["cp1", "cp2"], clusters: ["core", "edge"] };
    const after = readPlaces(await prepareLab({ ...request, runs }));
    expect(after).toMatchObject({ hub: before?.hub, kubernetes: before?.kubernetes });
    expect(after?.talos["cp1"]).toBe(before?.talos["cp1"]);
    expect(Object.keys(after?.talos ?? {})).toEqual(["cp1", "cp2"]);
  });

  test("gives the hub a certificate of the lab's own authority, the same in every run", async () => {
    const { config, machines } = await prepareLab(request);
    const certificate = secret(config, "hubCertificate");
    expect(certificate).toContain("BEGIN CERTIFICATE");
    expect(secret(config, "hubCertificateKey")).toContain("encrypted -----BEGIN PRIVATE KEY");
    expect(labEnvironment(labFolder(root, "dev", "full"))["NODE_EXTRA_CA_CERTS"]).toBe(
      join(machines, "authority", "ca.pem"),
    );
    expect(existsSync(join(machines, "authority", "ca.pem"))).toBe(true);
    await prepareLab(request);
    expect(secret(config, "hubCertificate")).toBe(certificate);
  });

  test("makes credentials that fit the hosts, in a file that is its owner's alone", async () => {
    const { config, hypervisor } = await prepareLab(request);
    expect(secret(config, "proxmoxApiToken")).toMatch(/encrypted estate@pve!lab=[0-9a-f-]{36}/);
    expect(secret(config, "sshPrivateKey")).toContain("encrypted -----BEGIN EC PRIVATE KEY");
    expect(statSync(join(hypervisor, "credentials.json")).mode & 0o777).toBe(0o600);
  });

  test("places and certifies nothing for a stack that runs nothing", async () => {
    const runs = { hub: false, hosts: [], talos: [], clusters: [] };
    const folder = await prepareLab({ ...request, runs });
    expect(readPlaces(folder)).toEqual({ talos: {}, kubernetes: {}, snapshots: folder.snapshots });
    expect(secret(folder.config, "hubCertificate")).toBe("null");
    expect(existsSync(join(folder.hypervisor, "credentials.json"))).toBe(false);
  });

  test("tells the simulator where its machines are, and the embedded lab's nothing of it", async () => {
    const plugin = "plugins/resource-command-v1.2.1/pulumi-resource-command";
    const full = await prepareLab(request);
    expect(readFileSync(join(full.home, plugin), "utf8")).toContain(`'--machines' '${full.machines}'`);
    const embedded = await prepareLab({ ...request, kind: "embedded" });
    expect(readFileSync(join(embedded.home, plugin), "utf8")).not.toContain("--machines");
  });

  test("runs the real Proxmox provider, which trusts the lab's authority alone; the embedded lab simulates it", async () => {
    const plugin = "plugins/resource-proxmoxve-v8.5.0/pulumi-resource-proxmoxve";
    const full = await prepareLab(request);
    const script = readFileSync(join(full.home, plugin), "utf8");
    expect(script).toContain("exec env -i ");
    expect(script).toContain(`'${join(full.machines, "tools", "pulumi-resource-proxmoxve")}' "$@"`);
    expect(script).toContain(`SSL_CERT_FILE='${join(full.machines, "authority", "ca.pem")}'`);
    const embedded = await prepareLab({ ...request, kind: "embedded" });
    expect(readFileSync(join(embedded.home, plugin), "utf8")).toContain("stands for the proxmoxve provider");
  });
});

test("places in the committed stack file lead no lab to a real server", async () => {
  writeFileSync(join(root, "Pulumi.dev.yaml"), "config:\n  estate:lab:\n    hub: https://hub.example.org\n");
  expect(readPlaces(await prepareLab({ ...request, kind: "embedded" }))).toBeUndefined();
  expect(readPlaces(await prepareLab(request))?.hub).toMatch(/127\.0\.0\.1/);
});
