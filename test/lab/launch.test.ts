import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labEnvironment, type LabFolder, type LabRequest, prepareLab } from "../../lab/launch";
import { readStackFile, securePaths, valueAt, withoutSecure } from "../../lab/launch/config";
import { madeUpKubeconfig } from "../../lab/launch/kubeconfig";
import { readKubeconfig } from "../../stacks/kubeconfig";
import { callsOf, makeCheckout, type PulumiCall } from "./launchFixture";

let root: string;
let request: LabRequest;
let folder: LabFolder;

const calls = (): PulumiCall[] => callsOf(root);
const config = () => readStackFile(readFileSync(folder.config, "utf8"), folder.config);

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "launch-"));
  const pulumi = makeCheckout(root);
  request = { root, stack: "dev", tools: { pulumi }, requiredSecrets: ["deployKey"] };
  folder = await prepareLab(request);
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

describe("the configuration of a lab", () => {
  test("has the dials, the world, the lab's salt, and new secrets for those that are encrypted or required", () => {
    const { salt, config: values } = config();
    expect(salt).toBe("v1:made");
    expect(withoutSecure(values)).toEqual({ "estate:owner": "me", "estate:world": folder.world });
    expect(securePaths(values)).toEqual([
      ["estate:secrets", "real"],
      ["estate:secrets", "deployKey"],
    ]);
    expect(JSON.stringify(values).match(/encrypted lab-[\w-]{24}"/g)).toHaveLength(2);
  });

  test("no secret is on a command line", () => {
    const values = readFileSync(folder.config, "utf8").match(/lab-[\w-]{24}/g) ?? [];
    expect(values).toHaveLength(2);
    for (const value of values) expect(JSON.stringify(calls())).not.toContain(value);
  });

  test("a cluster that exists gets a kubeconfig that opens nothing, the same in every run", async () => {
    const more = { ...request, requiredSecrets: ["deployKey", "gpuFarmKubeconfig"], existingClusters: ["gpu-farm"] };
    const text = () => JSON.stringify(valueAt(config().config, ["estate:secrets", "gpuFarmKubeconfig"]));
    await prepareLab(more);
    const made = text();
    expect(made).toContain("server: https://gpu-farm.invalid:6443");
    await prepareLab(more);
    expect(text()).toBe(made);
    expect(JSON.stringify(calls())).not.toContain("certificate-authority-data");
    expect(readKubeconfig(madeUpKubeconfig("gpu-farm"))).toEqual({
      server: "https://gpu-farm.invalid:6443",
      problems: [],
    });
  });

  test("preparing again calls Pulumi no more and changes nothing", async () => {
    const [before, count] = [readFileSync(folder.config, "utf8"), calls().length];
    await prepareLab(request);
    expect([readFileSync(folder.config, "utf8"), calls().length]).toEqual([before, count]);
  });

  test("an edited dial is taken over, a new secret is made, the others stay", async () => {
    const kept = () => valueAt(config().config, ["estate:secrets", "deployKey"]);
    const before = kept();
    writeFileSync(join(root, "Pulumi.dev.yaml"), "config:\n  estate:owner: you\n");
    await prepareLab({ ...request, requiredSecrets: ["deployKey", "more"] });
    expect(config().config["estate:owner"]).toBe("you");
    expect(securePaths(config().config)).toEqual([
      ["estate:secrets", "deployKey"],
      ["estate:secrets", "more"],
    ]);
    expect(kept()).toEqual(before);
  });
});

test("the checkout stays as it was: the stack is made in a directory aside, which is removed", () => {
  const entries = (directory: string) => readdirSync(directory).sort().join(" ");
  expect(entries(root)).toBe(
    ".lab Pulumi.dev.yaml calls lab node_modules package-lock.json package.json providers pulumi",
  );
  expect(entries(folder.directory)).toBe("Pulumi.dev.yaml bin bundles home passphrase state");
  expect(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")).not.toContain("salt");
});

test("a lost configuration is made again for the state that is there", async () => {
  rmSync(folder.config);
  await prepareLab(request);
  expect([config().salt, calls().filter(({ args }) => args[0] === "stack").length]).toEqual(["v1:made", 1]);
});

test("only the owner reads passphrase and configuration", () => {
  expect([folder.passphrase, folder.config].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
});

test("Pulumi's refusal is the error", async () => {
  rmSync(folder.state, { recursive: true });
  writeFileSync(join(root, "calls-break"), "");
  await expect(prepareLab(request)).rejects.toThrow(
    "pulumi stack init dev --secrets-provider passphrase --no-select failed:\nerror: no",
  );
});

test("every provider of package.json has a launcher of its version; others are removed", async () => {
  const plugins = join(folder.home, "plugins");
  mkdirSync(join(plugins, "resource-old-v1.0.0"));
  await prepareLab(request);
  const names = readdirSync(plugins);
  expect(names).toContain("resource-proxmoxve-v8.5.0");
  expect(names).toContain("resource-kubernetes-v4.25.0");
  expect(names).toContain("language-nodejs-v3.250.0");
  expect(names).not.toContain("resource-old-v1.0.0");
  const launcher = join(plugins, "resource-kubernetes-v4.25.0", "pulumi-resource-kubernetes");
  expect(statSync(launcher).mode & 0o111).not.toBe(0);
  expect(readFileSync(launcher, "utf8")).toContain(
    `'--package' 'kubernetes' '--version' '4.25.0' '--world' '${folder.world}' "$@"`,
  );
});

describe("the pulumi of a lab", () => {
  const call = (args: readonly string[], cwd = root, env: NodeJS.ProcessEnv = {}): PulumiCall => {
    execFileSync(join(folder.bin, "pulumi"), args, { cwd, env: { ...process.env, ...env } });
    const last = calls().at(-1);
    if (last === undefined) throw new Error("not called");
    return last;
  };

  test.each([
    [["up"], ["up", "--config-file", "FILE"]],
    [
      ["--color", "never", "preview", "--diff"],
      ["--color", "never", "preview", "--config-file", "FILE", "--diff"],
    ],
    [
      ["config", "set", "k", "--", "-v"],
      ["config", "--config-file", "FILE", "set", "k", "--", "-v"],
    ],
    [
      ["config", "set", "k", "--", "--config-file"],
      ["config", "--config-file", "FILE", "set", "k", "--", "--config-file"],
    ],
    [
      ["destroy", "--stack", "dev"],
      ["destroy", "--config-file", "FILE", "--stack", "dev"],
    ],
    [
      ["up", "-m", "a 'b' $c"],
      ["up", "--config-file", "FILE", "-m", "a 'b' $c"],
    ],
    [
      ["stack", "ls"],
      ["stack", "ls"],
    ],
    [["version"], ["version"]],
    [[], []],
    [
      ["up", "--config-file", "mine.yaml"],
      ["up", "--config-file", "mine.yaml"],
    ],
    [
      ["up", "--stack", "prod"],
      ["up", "--stack", "prod"],
    ],
    [
      ["up", "-s", "prod"],
      ["up", "-s", "prod"],
    ],
    [
      ["-C", "elsewhere", "up"],
      ["-C", "elsewhere", "up"],
    ],
  ])("%j becomes %j", (given, expected) => {
    expect(call(given).args).toEqual(expected.map((word) => (word === "FILE" ? folder.config : word)));
  });

  test("in a project elsewhere it adds nothing", () => {
    expect(call(["up"], tmpdir()).args).toEqual(["up"]);
  });

  test("works in the lab's environment, whatever the caller's is", () => {
    const foreign = {
      PULUMI_HOME: "/elsewhere",
      PULUMI_BACKEND_URL: "s3://real",
      PULUMI_CONFIG_PASSPHRASE: "real",
      GITHUB_TOKEN: "real",
    };
    const { env } = call(["stack", "ls"], root, foreign);
    const expected = Object.keys(labEnvironment(folder)).filter((name) => /^(PULUMI|ESTATE)_/.test(name));
    for (const name of expected) expect([name, env[name]]).toEqual([name, labEnvironment(folder)[name]]);
    expect(Object.keys(env)).not.toContain("PULUMI_CONFIG_PASSPHRASE");
    expect(Object.keys(env)).not.toContain("GITHUB_TOKEN");
  });
});
