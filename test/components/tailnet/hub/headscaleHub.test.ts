import * as pulumi from "@pulumi/pulumi";
import { HeadscaleHub, type HeadscaleHubArgs } from "../../../../components/tailnet/hub/headscaleHub";
import { asRoot, hubSetupScript, mintScript } from "../../../../components/tailnet/hub/hub.setup";
import { planVmHub } from "../../../../components/tailnet/hub/hub.plan";
import { record, valueOf } from "../../../support/record";
import { hub as machine } from "../fixtures";

const args: HeadscaleHubArgs = {
  vm: machine,
  network: { cidr: "192.168.50.0/24", bridge: "vmbr0", gateway: "192.168.50.1" },
  storage: { disks: "local-lvm", images: "local" },
  image: { fileId: "local:import/debian-12.qcow2", contentType: "import" },
  domain: "estate.example",
  baseDomain: "tailnet.estate.example",
  ssh: { publicKey: "ssh-ed25519 AAAA admin", privateKey: "made-up private key" },
};
const minted = `hskey-api-${"p".repeat(12)}-${"s".repeat(64)}`;
const commandType = "command:remote:Command";

function run(changes: Partial<HeadscaleHubArgs> = {}, preview = false) {
  return record(() => new HeadscaleHub("headscale", { ...args, ...changes }), {
    preview,
    outputs: (type) => (type === "command:remote:Command" ? { stdout: `${minted}\n`, stderr: "" } : {}),
  });
}

describe("identity", () => {
  it("is a VM of the estate's kind and an API key", async () => {
    const { registrations } = await run();
    const names = registrations.map(({ type, name }) => `${type} ${name}`);
    // What a VM consists of is the VM's own test.
    expect(names.filter((name) => !name.startsWith("proxmoxve:")).sort()).toEqual([
      "command:remote:Command headscale-api-key",
      "command:remote:Command headscale-api-key-others",
      "command:remote:Command headscale-setup",
      "estate:machines:VirtualMachine headscale",
      "estate:tailnet:HeadscaleHub headscale",
    ]);
  });
});

describe("the API key", () => {
  it("is minted on the hub, as the image's user, without a log", async () => {
    const recording = await run();
    expect(recording.one(commandType, "headscale-api-key").inputs).toEqual({
      connection: {
        host: "192.168.50.102",
        user: "debian",
        privateKey: "made-up private key",
        dialErrorLimit: 60,
        perDialTimeout: 15,
        port: 22,
      },
      create: asRoot,
      stdin: mintScript,
      triggers: [1],
      logging: "none",
      addPreviousOutputInEnv: false,
    });
  });

  it("is minted again for another edition", async () => {
    expect((await run({ apiKeyEdition: 2 })).one(commandType, "headscale-api-key").inputs["triggers"]).toEqual([2]);
  });

  it("is a secret, without the line's end", async () => {
    const { result } = await run();
    expect(await pulumi.isSecret(result.apiKey)).toBe(true);
    expect(await valueOf(result.apiKey)).toBe(minted);
    expect(await valueOf(result.loginServer)).toBe("https://headscale.estate.example");
  });
});

describe("the other commands", () => {
  it("set the hub up as declared, before the key is minted, and leave it alone when it is deleted", async () => {
    const plan = planVmHub("headscale", "debian-12", {
      domain: args.domain,
      baseDomain: args.baseDomain,
      certificate: { kind: "lets-encrypt", email: "" },
      trustedProxies: [],
    });
    const { inputs } = (await run()).one(commandType, "headscale-setup");
    expect(inputs).toMatchObject({ create: asRoot, stdin: hubSetupScript(plan, {}), logging: "none" });
    expect(inputs).not.toHaveProperty("delete");
  });

  it("end the keys minted before, by the public prefix of the one in use", async () => {
    const { inputs, secrets } = (await run()).one(commandType, "headscale-api-key-others");
    expect(String(inputs["stdin"]).split("\n")[0]).toBe(`keep='${"p".repeat(12)}'`);
    expect(JSON.stringify(inputs)).not.toContain("sss");
    expect(secrets).toContain("stdin");
    expect(inputs["logging"]).toBe("none");
  });
});

describe("secrets", () => {
  const certificate = { chain: "made-up chain", privateKey: "made-up certificate key" };

  it("mark the private key that logs in", async () => {
    const { registrations } = await run();
    const commands = registrations.filter(({ type }) => type === commandType);
    expect(commands.map(({ secrets }) => secrets.includes("connection"))).toEqual([true, true, true]);
  });

  it("mark user data with a certificate's key, and only such", async () => {
    const file = "proxmoxve:index/fileLegacy:FileLegacy";
    expect((await run()).one(file).secrets).toEqual([]);
    expect((await run({ certificate })).one(file).secrets).toEqual(["sourceRaw"]);
    expect((await run()).one(commandType, "headscale-setup").secrets).toEqual(["connection"]);
    expect((await run({ certificate })).one(commandType, "headscale-setup").secrets).toEqual(["connection", "stdin"]);
  });

  it("are nowhere else", async () => {
    const { registrations } = await run({ certificate });
    const open = registrations.map(({ inputs, secrets }) =>
      JSON.stringify(Object.entries(inputs).filter(([key]) => !secrets.includes(key))),
    );
    expect(open.filter((text) => text.includes("made-up private") || text.includes("made-up cert"))).toEqual([]);
  });
});

describe("preview", () => {
  it("goes through with everything unknown, and lists what up creates", async () => {
    const names = async (preview: boolean) => (await run({}, preview)).registrations.map(({ name }) => name).sort();
    expect(await names(true)).toEqual(await names(false));
  });
});

describe("rejections", () => {
  it("come before anything is created", async () => {
    await expect(run({ vm: { ...machine, image: "opnsense" } })).rejects.toMatchObject({
      message:
        'HeadscaleHub "headscale" has 1 problem:\n  vm.image: "opnsense" is not set up by cloud-init; allowed: debian-12, ' +
        "ubuntu-22.04, ubuntu-24.04; choose one of them",
      errors: [
        {
          propertyPath: "vm.image",
          reason:
            '"opnsense" is not set up by cloud-init; allowed: debian-12, ubuntu-22.04, ubuntu-24.04; choose one of them',
        },
      ],
    });
  });
});

// Cannot prove: protect and the order of the commands (mocks see neither); what the commands do is in test/tailnet/hub.
