import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LanguageRuntimeClient } from "@pulumi/pulumi/proto/language_grpc_pb";
import {
  GetRequiredPackagesRequest,
  PackRequest,
  ProgramInfo,
  type RunPluginResponse,
  RunPluginRequest,
  RunRequest,
  type RunResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { readTold, startHost, writeProgram } from "./hostFixture";

/** What the engine sees: the real host process, asked over gRPC, with a program whose SDK is a stand-in that tells. */
const root = join(__dirname, "..", "..");
let folder: string;
let host: ChildProcess;
let client: LanguageRuntimeClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "host-"));
  writeProgram(folder);
  [host, client] = await startHost(root, folder);
});

afterAll(() => {
  client.close();
  host.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function info(options: Record<string, string | boolean>, entry = "."): ProgramInfo {
  const program = new ProgramInfo().setRootDirectory(folder).setProgramDirectory(folder).setEntryPoint(entry);
  const struct = Struct.fromJavaScript(options);
  program.setOptions(struct);
  return program;
}

function runRequest(entry: string, options: Record<string, string | boolean> = {}): RunRequest {
  const request = new RunRequest()
    .setMonitorAddress("127.0.0.1:2")
    .setProject("estate")
    .setStack("dev")
    .setOrganization("organization")
    .setPwd(folder)
    .setParallel(8)
    .setDryrun(true)
    .setConfigsecretkeysList(["estate:secrets"])
    .setInfo(info(options, entry));
  request.getConfigMap().set("estate:secrets", "{}").set("estate:a:b", "1");
  return request;
}

const run = (request: RunRequest): Promise<RunResponse.AsObject> =>
  new Promise((resolve, reject) => {
    client.run(request, (error, response) => {
      if (error === null) resolve(response.toObject());
      else reject(error);
    });
  });

const told = (command: string) => readTold(folder, command);

describe("Run", () => {
  test("passes addresses, names, configuration and Node's own arguments on", async () => {
    expect(await run(runRequest("./index.ts", { typescript: false, nodeargs: "--no-warnings --title='a b'" }))).toEqual(
      { error: "", bail: false },
    );
    const { args, cwd, env, node } = told("run");
    expect(args).toEqual([
      ...[
        "--monitor",
        "127.0.0.1:2",
        "--engine",
        "127.0.0.1:1",
        "--organization",
        "organization",
        "--project",
        "estate",
      ],
      ...["--root-directory", folder, "--stack", "dev", "--pwd", folder, "--parallel", "8", "--dry-run", "./index.ts"],
    ]);
    expect(cwd).toBe(folder);
    expect(node.slice(2)).toEqual(["--no-warnings", "--title=a b"]);
    expect(JSON.parse(env["PULUMI_CONFIG"] ?? "")).toEqual({ "estate:config:secrets": "{}", "estate:config:a:b": "1" });
    expect([env["PULUMI_CONFIG_SECRET_KEYS"], env["PULUMI_NODEJS_TYPESCRIPT"]]).toEqual([
      '["estate:secrets"]',
      undefined,
    ]);
  });

  test("TypeScript is the SDK's matter unless the project says no", async () => {
    await run(runRequest("./index.ts", { tsconfig: "other.json" }));
    expect(told("run").env).toMatchObject({
      PULUMI_NODEJS_TYPESCRIPT: "true",
      PULUMI_NODEJS_TSCONFIG_PATH: "other.json",
    });
  });

  test.each([
    ["exit-0", { error: "", bail: false }],
    ["exit-1", { error: "Program exited with non-zero exit code: 1", bail: false }],
    ["exit-32", { error: "", bail: true }],
  ])("a program that ends with %s", async (entry, expected) => {
    expect(await run(runRequest(entry))).toEqual(expected);
  });

  test("an option of the wrong type is an error that says so", async () => {
    await expect(run(runRequest(".", { typescript: "no", nodeargs: true }))).rejects.toThrow(
      "13 INTERNAL: typescript option must be a boolean; nodeargs option must be a string",
    );
  });

  test("a program without the SDK is an error that says what to do", async () => {
    const request = runRequest(".");
    request.getInfo()?.setProgramDirectory("/");
    await expect(run(request)).rejects.toThrow(
      "13 INTERNAL: It looks like the Pulumi SDK has not been installed: there is no @pulumi/pulumi for /. Run npm ci.",
    );
  });

  test("how long the program took is written down where that is asked for", () => {
    const [first] = readFileSync(join(folder, "times.json"), "utf8").split("\n");
    expect(first).toMatch(/^\{"preview":true,"milliseconds":\d+\}$/);
  });
});

interface PluginOutput {
  stdout: string;
  stderr: string;
  code: number | undefined;
}

function runPlugin(
  kind: string,
  args: readonly string[],
  whenStarted?: (cancel: () => void) => void,
): Promise<PluginOutput> {
  const request = new RunPluginRequest()
    .setKind(kind)
    .setPwd(root)
    .setArgsList([...args])
    .setEnvList(["OWN=1=2", `PATH=${process.env["PATH"] ?? ""}`])
    .setInfo(info({}));
  const output: PluginOutput = { stdout: "", stderr: "", code: undefined };
  const stream = client.runPlugin(request);
  whenStarted?.(() => {
    stream.cancel();
  });
  return new Promise((resolve, reject) => {
    stream.on("data", (part: RunPluginResponse) => {
      output.stdout += Buffer.from(part.getStdout_asU8()).toString();
      output.stderr += Buffer.from(part.getStderr_asU8()).toString();
      if (part.hasExitcode()) output.code = part.getExitcode();
    });
    stream.on("end", () => {
      resolve(output);
    });
    stream.on("error", reject);
  });
}

describe("RunPlugin", () => {
  test("a provider: streams what it says, then its exit code", async () => {
    expect(await runPlugin("resource", ["127.0.0.1:1", "talk"])).toEqual({
      stdout: "to stdout\n",
      stderr: "to stderr\n",
      code: 3,
    });
    expect(told("run-plugin")).toMatchObject({ args: [folder, "127.0.0.1:1", "talk"], cwd: root, env: { OWN: "1=2" } });
  });

  test("a policy pack: the engine's address comes before the directory", async () => {
    await runPlugin("analyzer", ["127.0.0.1:1", "exit-0"]);
    expect(told("run-policy-pack").args).toEqual(["127.0.0.1:1", folder, "exit-0"]);
  });

  test("cancelling the call ends the plugin", async () => {
    rmSync(join(folder, "node_modules", "@pulumi", "pulumi", "cmd", "run-plugin", "told.json"), { force: true });
    const ended = runPlugin(
      "resource",
      ["stay"],
      (cancel) => void eventually(() => told("run-plugin").pid > 0).then(cancel),
    );
    await expect(ended).rejects.toThrow("1 CANCELLED: Cancelled on client");
    await eventually(() => !isAlive(told("run-plugin").pid));
  });
});

test("GetRequiredPackages names the provider packages that are installed", async () => {
  const request = new GetRequiredPackagesRequest().setInfo(info({}));
  const packages = await new Promise((resolve) => {
    client.getRequiredPackages(request, (_error, response) => {
      resolve(response.toObject().packagesList);
    });
  });
  expect(packages).toMatchObject([{ name: "random", kind: "resource", version: "4.21.2", server: "" }]);
});

test("what the host does not have is said to be unimplemented", async () => {
  const message = await new Promise((resolve) => {
    client.pack(new PackRequest(), (error) => {
      resolve(error?.message);
    });
  });
  expect(message).toBe("12 UNIMPLEMENTED: The estate's Node language host has no Pack");
});

test("Cancel ends what runs", async () => {
  const ended = run(runRequest("stay"));
  await eventually(() => told("run").args.includes("stay"));
  client.cancel(new Empty(), () => undefined);
  expect(await ended).toEqual({ error: "Program exited with non-zero exit code: 143", bail: false });
});

test("a host that is killed takes its children along", async () => {
  const ended = run(runRequest("stay")).catch(() => "broken off");
  await eventually(() => told("run").args.includes("stay") && isAlive(told("run").pid));
  host.kill("SIGKILL");
  expect(await ended).toBe("broken off");
  await eventually(() => !isAlive(told("run").pid));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function eventually(condition: () => boolean): Promise<void> {
  const end = Date.now() + 8_000;
  for (;;) {
    try {
      if (condition()) return;
    } catch {
      // What is looked at is not there yet.
    }
    if (Date.now() > end) throw new Error(`waited in vain for: ${condition.toString()}`);
    await sleep(20);
  }
}
