import * as pulumi from "@pulumi/pulumi";
import { Fleet } from "../../../components/estate/fleet";
import { loadEstate } from "../../../stacks/load";
import { record, valueOf } from "../../support/record";

const secrets = {
  sshPrivateKey: "made-up private key",
  headscaleApiKey: "made-up api key",
  tailscaleOauthClientId: "made-up client",
  tailscaleOauthClientSecret: "made-up client secret",
};

/** An estate without hosts, networks, clusters and edge: machines that are there already. */
function run(tailnet: unknown, machines: Readonly<Record<string, unknown>> = {}) {
  const pi = { kind: "external", os: "linux", role: "appliance" };
  const spec = loadEstate({ org: "home", domain: "home.example", machines: { pi, ...machines }, tailnet });
  const args = { spec, sshPublicKey: "ssh-ed25519 AAAA", protection: true, world: undefined, secrets };
  return record(() => new Fleet("home-fleet", args), {
    outputs: (type, name) => ({
      ...(type === "command:remote:Command" ? { stdout: "hskey-api-made-up\n", stderr: "" } : {}),
      ...(type === "headscale:index:PreAuthKey" ? { key: `key of ${name}` } : {}),
    }),
  });
}

const hub = {
  kind: "external",
  os: "linux",
  role: "headscale-hub",
  address: "203.0.113.7",
  ssh: { user: "root" },
  architecture: "arm64",
};

describe("the control server", () => {
  it("is set up on a machine that is there already", async () => {
    const recording = await run({ control: { kind: "headscale", on: "hub" } }, { hub });
    const setup = recording.one("command:remote:Command", "hub-setup").inputs;
    expect(setup["connection"]).toMatchObject({ host: "203.0.113.7", user: "root", privateKey: secrets.sshPrivateKey });
    expect(JSON.stringify(setup)).toContain("arm64");
    expect(await valueOf(recording.result.tailnet.loginServer)).toBe("https://headscale.home.example");
    expect(Object.keys(recording.result.tailnet.joinKeys)).toEqual(["pi"]);
  });

  it("answers for the declared names, domains and servers", async () => {
    const dns = {
      records: { "wiki.home.example": "100.64.0.9" },
      split: { corp: ["10.0.0.53"] },
      nameservers: ["9.9.9.9"],
      search: ["home.example"],
    };
    const recording = await run({ control: { kind: "headscale", on: "hub" }, dns }, { hub });
    const setup = JSON.stringify(recording.one("command:remote:Command", "hub-setup").inputs);
    for (const word of ["wiki.home.example", "100.64.0.9", "10.0.0.53", "9.9.9.9"]) expect(setup).toContain(word);
  });

  it("is a Headscale that exists, by the key of its API, and nothing is set up", async () => {
    const tailnet = { control: { kind: "headscale", loginServer: "https://hub.example" }, baseDomain: "mesh.example" };
    const recording = await run(tailnet);
    const { inputs, secrets: marked } = recording.one("pulumi:providers:headscale");
    expect(inputs).toMatchObject({ endpoint: "https://hub.example", apiKey: secrets.headscaleApiKey });
    expect(marked).toEqual(["apiKey"]);
    expect(recording.registrations.filter(({ type }) => type.startsWith("command:"))).toEqual([]);
    expect(recording.result.tailnet.names.machines).toEqual({ "pi.mesh.example": "pi" });
  });

  it("is Tailscale, by the credentials of an OAuth client", async () => {
    const control = { kind: "tailscale", tailnet: "home.example", replacePolicy: true };
    const recording = await run({ control, baseDomain: "tail1234.ts.net" });
    expect(recording.one("pulumi:providers:tailscale").inputs).toMatchObject({
      tailnet: "home.example",
      oauthClientId: secrets.tailscaleOauthClientId,
      oauthClientSecret: secrets.tailscaleOauthClientSecret,
    });
    expect(recording.one("tailscale:index/acl:Acl").inputs["overwriteExistingContent"]).toBe(true);
    expect(recording.registrations.filter(({ type }) => /^(command|headscale):/.test(type))).toEqual([]);
  });
});

describe("join bundles", () => {
  it("are there for every machine that joins by hand, secret, each with its own key", async () => {
    const box = { kind: "external", os: "windows", role: "gpu-box" };
    const { result } = await run({ control: { kind: "headscale", on: "hub" } }, { hub, box });
    expect(Object.keys(result.bundles).sort()).toEqual(["box", "pi"]);
    for (const [name, bundle] of Object.entries(result.bundles)) {
      expect(await pulumi.isSecret(bundle)).toBe(true);
      const text = await valueOf(bundle);
      expect(text).toContain(`key of home-tailnet-join-${name}`);
      expect(text).toContain("https://headscale.home.example");
    }
  });
});
