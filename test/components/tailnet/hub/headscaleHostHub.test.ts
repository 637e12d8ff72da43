import * as pulumi from "@pulumi/pulumi";
import { HeadscaleHostHub, type HeadscaleHostHubArgs } from "../../../../components/tailnet/hub/headscaleHostHub";
import { planHostHub } from "../../../../components/tailnet/hub/hub.plan";
import { asRoot, hubSetupScript, mintScript } from "../../../../components/tailnet/hub/hub.setup";
import { record, valueOf } from "../../../support/record";

const args: HeadscaleHostHubArgs = {
  address: "203.0.113.7",
  ssh: { user: "root", privateKey: "made-up private key" },
  domain: "estate.example",
  baseDomain: "tailnet.estate.example",
};
const minted = `hskey-api-${"p".repeat(12)}-${"s".repeat(64)}`;
const commandType = "command:remote:Command";

function run(changes: Partial<HeadscaleHostHubArgs> = {}, preview = false) {
  return record(() => new HeadscaleHostHub("hub", { ...args, ...changes }), {
    preview,
    outputs: (type) => (type === commandType ? { stdout: `${minted}\n`, stderr: "" } : {}),
  });
}

it("is three commands on a host that is there, and creates nothing else", async () => {
  const names = async (preview: boolean) =>
    (await run({}, preview)).registrations.map(({ type, name }) => `${type} ${name}`).sort();
  const expected = [
    "command:remote:Command hub-api-key",
    "command:remote:Command hub-api-key-others",
    "command:remote:Command hub-setup",
    "estate:tailnet:HeadscaleHostHub hub",
  ];
  expect(await names(false)).toEqual(expected);
  expect(await names(true)).toEqual(expected);
});

it("has the outputs of a hub on a VM", async () => {
  const { result } = await run({ loginServer: "https://hub.estate.example:8443" });
  expect(await valueOf(result.loginServer)).toBe("https://hub.estate.example:8443");
  expect(await valueOf(result.apiKey)).toBe(minted);
  expect(await pulumi.isSecret(result.apiKey)).toBe(true);
});

it("is set up and asked for its key as the user who may, without a log", async () => {
  const recording = await run({ architecture: "arm64", ssh: { user: "admin", privateKey: "made-up private key" } });
  const connection = {
    host: "203.0.113.7",
    user: "admin",
    privateKey: "made-up private key",
    dialErrorLimit: 60,
    perDialTimeout: 15,
    port: 22,
  };
  const plan = planHostHub("hub", "admin", {
    domain: args.domain,
    baseDomain: args.baseDomain,
    certificate: { kind: "lets-encrypt", email: "" },
    trustedProxies: [],
    architecture: "arm64",
  });
  expect(recording.one(commandType, "hub-setup").inputs).toEqual({
    connection,
    create: asRoot,
    stdin: hubSetupScript(plan, {}),
    logging: "none",
    addPreviousOutputInEnv: false,
  });
  expect(recording.one(commandType, "hub-api-key").inputs).toMatchObject({ connection, stdin: mintScript });
});

it("shows no secret", async () => {
  const certificate = { chain: "made-up chain", privateKey: "made-up certificate key" };
  const { registrations } = await run({ certificate });
  const open = registrations.map(({ inputs, secrets }) =>
    JSON.stringify(Object.entries(inputs).filter(([key]) => !secrets.includes(key))),
  );
  expect(open.filter((text) => /made-up (private|cert)/.test(text))).toEqual([]);
  const commands = registrations.filter(({ type }) => type === commandType);
  expect(commands.every(({ secrets }) => secrets.includes("connection"))).toBe(true);
});

it("is refused with everything that is wrong", async () => {
  const wrong = { ssh: { user: "no one", privateKey: "made-up private key" }, baseDomain: "estate.example" };
  await expect(run(wrong)).rejects.toThrow(
    new Error(`HeadscaleHostHub "hub" has 2 problems:
  ssh.user: "no one" is no name of a Linux user; correct it
  baseDomain: "estate.example" holds the hub's own name headscale.estate.example; allowed: a domain that does not; choose another, such as tailnet.estate.example`),
  );
});

// Cannot prove: protect (mocks do not see it), and what the commands do on a host (test/tailnet/hub does).
