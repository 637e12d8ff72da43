import * as pulumi from "@pulumi/pulumi";
import { planRunnerPool, RunnerPool, type RunnerPoolArgs } from "../../../components/repositories/runnerPool";
import { record, type RecordOptions, valueOf } from "../../support/record";

// What this cannot prove: anything about the host; the plan's tests run its shell commands with stand-ins.

const secrets = ["the join key", "the registration token", "the private key"] as const;
const args: RunnerPoolArgs = {
  owner: "acme",
  repository: "stack",
  count: 2,
  tag: "ci",
  loginServer: "https://hub.example",
  joinKey: secrets[0],
  registrationToken: secrets[1],
  host: { address: "192.168.10.100", user: "ubuntu", privateKey: secrets[2] },
};

const command = "command:remote:Command";
const build = (given: Partial<RunnerPoolArgs> = {}, options: RecordOptions = {}) =>
  record(() => new RunnerPool("runners", { ...args, ...given }), options);

describe("a runner pool", () => {
  test.each([false, true])("consists of exactly these resources (preview: %s)", async (preview) => {
    const { registrations } = await build({}, { preview });
    expect(registrations.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "estate:repositories:RunnerPool runners",
      `${command} runners-installation`,
    ]);
  });

  test("installs its plan on the host, with its secrets on standard input, and logs nothing", async () => {
    const { one } = await build();
    const plan = planRunnerPool("runners", args);
    expect(one(command).inputs).toMatchObject({
      connection: { host: "192.168.10.100", user: "ubuntu", privateKey: "the private key" },
      create: plan.install,
      delete: plan.remove,
      stdin: "the join key\nthe registration token\nhttps://hub.example\n",
      logging: "none",
      addPreviousOutputInEnv: false,
    });
  });

  test("gives no secret away: not in a command, not with the component, and marked where it must be", async () => {
    const { registrations, one } = await build();
    expect(one(command).secrets).toEqual(expect.arrayContaining(["stdin"]));
    expect(one(command).secrets.some((path) => path.startsWith("connection"))).toBe(true);
    const { stdin, connection, ...clear } = one(command).inputs;
    expect([stdin, connection]).not.toContain(undefined);
    const shown = JSON.stringify([clear, ...registrations.filter(({ custom }) => !custom)]);
    for (const secret of secrets) expect(shown).not.toContain(secret);
  });

  test("says what workflows run on", async () => {
    const { result } = await build();
    expect(await valueOf(result.labels)).toEqual(["Linux", "X64", "ci", "self-hosted"]);
  });

  test("previews with a key and a server that are not known yet, its command still shown", async () => {
    const unknown = () => new pulumi.StackReference("elsewhere").getOutput("x");
    const { registrations } = await record(
      () => {
        const joinKey: pulumi.Output<string> = unknown().apply(String);
        return new RunnerPool("runners", { ...args, joinKey });
      },
      { preview: true },
    );
    const { create } = registrations.find(({ type }) => type === command)?.inputs ?? {};
    expect(create).toBe(planRunnerPool("runners", args).install);
  });

  test("of a public repository is refused", async () => {
    await expect(build({ visibility: "public" })).rejects.toThrow(
      new Error(
        'RunnerPool "runners" has 1 problem:\n  visibility: "public": whoever opens a pull request could run code on ' +
          'the host; allowed are "private" and "internal"; use GitHub\'s own runners',
      ),
    );
  });
});
