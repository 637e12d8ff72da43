import * as pulumi from "@pulumi/pulumi";
import { HeadscaleHub, type HeadscaleHubArgs } from "../../../components/tailnet/headscaleHub";
import { record, valueOf } from "../../support/record";
import { hub as machine } from "./fixtures";

const args: HeadscaleHubArgs = {
  vm: machine,
  network: { cidr: "192.168.50.0/24", bridge: "vmbr0", gateway: "192.168.50.1" },
  storage: { disks: "local-lvm", images: "local" },
  image: { fileId: "local:import/debian-12.qcow2", contentType: "import" },
  domain: "estate.example",
  baseDomain: "tailnet.estate.example",
  ssh: { publicKey: "ssh-ed25519 AAAA admin", privateKey: "made-up private key" },
};
const minted = "hskey-api-made-up";

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
      "estate:machines:VirtualMachine headscale",
      "estate:tailnet:HeadscaleHub headscale",
    ]);
  });
});

describe("the API key", () => {
  it("is minted on the hub, as the image's user, without a log", async () => {
    const recording = await run();
    expect(recording.one("command:remote:Command").inputs).toEqual({
      connection: {
        host: "192.168.50.102",
        user: "debian",
        privateKey: "made-up private key",
        dialErrorLimit: 60,
        perDialTimeout: 15,
        port: 22,
      },
      create:
        "timeout 900 sh -c 'until sudo headscale health >/dev/null 2>&1; do sleep 5; done' && sudo headscale apikeys create --expiration 90d",
      triggers: [1],
      logging: "none",
      addPreviousOutputInEnv: false,
    });
  });

  it("is minted again for another edition", async () => {
    expect((await run({ apiKeyEdition: 2 })).one("command:remote:Command").inputs["triggers"]).toEqual([2]);
  });

  it("is a secret, without the line's end", async () => {
    const { result } = await run();
    expect(await pulumi.isSecret(result.apiKey)).toBe(true);
    expect(await valueOf(result.apiKey)).toBe(minted);
    expect(await valueOf(result.loginServer)).toBe("https://headscale.estate.example");
  });
});

describe("secrets", () => {
  const certificate = { chain: "made-up chain", privateKey: "made-up certificate key" };

  it("mark the private key that logs in", async () => {
    const recording = await run();
    expect(recording.one("command:remote:Command").secrets).toContain("connection");
  });

  it("mark user data with a certificate's key, and only such", async () => {
    const file = "proxmoxve:index/fileLegacy:FileLegacy";
    expect((await run()).one(file).secrets).toEqual([]);
    expect((await run({ certificate })).one(file).secrets).toEqual(["sourceRaw"]);
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
      message: "The Headscale hub cannot be built as it is declared",
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

// Cannot prove: protect (mocks do not see it), and that the command on a real hub prints nothing but the key.
