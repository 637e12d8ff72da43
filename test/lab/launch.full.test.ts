import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labEnvironment, labFolder, type LabRequest, prepareLab } from "../../lab/launch";
import { readStackFile, valueAt } from "../../lab/launch/config";
import { makeCheckout } from "./launchFixture";

let root: string;
let request: LabRequest;
const labHub = (file: string) => valueAt(readStackFile(readFileSync(file, "utf8"), file).config, ["estate:labHub"]);
const secret = (file: string, name: string) =>
  JSON.stringify(valueAt(readStackFile(readFileSync(file, "utf8"), file).config, ["estate:secrets", name]) ?? null);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "launch-full-"));
  const pulumi = makeCheckout(root);
  const tools = { pulumi, machines: { headscale: join(root, "headscale") } };
  request = { root, stack: "dev", kind: "full", runsHub: true, tools, requiredSecrets: ["deployKey"] };
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

  test("places the hub on a port of loopback, the same in every run, with a certificate of its own authority", async () => {
    const { config, machines } = await prepareLab(request);
    const [address, certificate] = [labHub(config), secret(config, "hubCertificate")];
    expect(address).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(certificate).toContain("BEGIN CERTIFICATE");
    expect(secret(config, "hubCertificateKey")).toContain("encrypted -----BEGIN PRIVATE KEY");
    expect(labEnvironment(labFolder(root, "dev", "full"))["NODE_EXTRA_CA_CERTS"]).toBe(
      join(machines, "authority", "ca.pem"),
    );
    expect(existsSync(join(machines, "authority", "ca.pem"))).toBe(true);
    await prepareLab(request);
    expect([labHub(config), secret(config, "hubCertificate")]).toEqual([address, certificate]);
  });

  test("places none for a stack without a hub", async () => {
    const { config } = await prepareLab({ ...request, runsHub: false });
    expect(labHub(config)).toBeUndefined();
    expect(secret(config, "hubCertificate")).toBe("null");
  });

  test("tells the simulator where its machines are, and the embedded lab's nothing of it", async () => {
    const plugin = "plugins/resource-command-v1.2.1/pulumi-resource-command";
    const full = await prepareLab(request);
    expect(readFileSync(join(full.home, plugin), "utf8")).toContain(`'--machines' '${full.machines}'`);
    const embedded = await prepareLab({ ...request, kind: "embedded" });
    expect(readFileSync(join(embedded.home, plugin), "utf8")).not.toContain("--machines");
  });
});

test("a hub's address in the committed stack file leads no lab to a real server", async () => {
  writeFileSync(join(root, "Pulumi.dev.yaml"), "config:\n  estate:labHub: https://hub.example.org\n");
  const { config } = await prepareLab({ ...request, kind: "embedded" });
  expect(labHub(config)).toBeUndefined();
});
