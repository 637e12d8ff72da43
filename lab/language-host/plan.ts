import { createRequire } from "node:module";
import { join } from "node:path";
import type { RunPluginRequest, RunRequest } from "@pulumi/pulumi/proto/language_pb";
import { readOptions, type RuntimeOptions } from "./options";

/** A Node process to start. */
export interface NodeCommand {
  /** Node's own arguments, the script, and the script's arguments. */
  readonly args: readonly string[];
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * How to run a program: the SDK's cmd/run with the engine's addresses, the configuration in the environment, as
 * Pulumi's own host does it.
 *
 * @param engine address of the engine, for the program's log messages
 */
export function planProgram(request: RunRequest, engine: string, env: NodeJS.ProcessEnv): NodeCommand {
  const info = request.getInfo();
  const options = readOptions(info);
  const directory = request.getPwd();
  const flags: readonly (readonly [string, string])[] = [
    ["monitor", request.getMonitorAddress()],
    ["engine", engine],
    ["organization", request.getOrganization()],
    ["project", request.getProject()],
    ["root-directory", info?.getRootDirectory() ?? ""],
    ["stack", request.getStack()],
    ["pwd", directory],
    ["parallel", String(request.getParallel())],
  ];
  return {
    args: [
      ...options.nodeArgs,
      locate("run", info?.getProgramDirectory() ?? directory),
      ...flags.flatMap(([flag, value]) => (value === "" ? [] : [`--${flag}`, value])),
      ...(request.getDryrun() ? ["--dry-run"] : []),
      info?.getEntryPoint() ?? ".",
      ...request.getArgsList(),
    ],
    directory,
    env: {
      ...env,
      ...typescriptEnv(options),
      PULUMI_CONFIG: programConfig(request),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
  };
}

/**
 * How to run a plugin written in Node: a policy pack through cmd/run-policy-pack, whose first argument is the engine's
 * address, everything else (providers) through cmd/run-plugin.
 */
export function planPlugin(request: RunPluginRequest): NodeCommand {
  const info = request.getInfo();
  const options = readOptions(info);
  const directory = info?.getProgramDirectory() ?? request.getProgram();
  const args = request.getArgsList();
  const script =
    request.getKind() === "analyzer"
      ? [locate("run-policy-pack", directory), ...args.slice(0, 1), directory, ...args.slice(1)]
      : [locate("run-plugin", directory), directory, ...args];
  return {
    args: [...options.nodeArgs, ...script],
    directory: request.getPwd(),
    env: { ...readEnv(request.getEnvList()), ...typescriptEnv(options) },
  };
}

/** The module of the SDK that the program itself would load, which is not always the one of this checkout. */
function locate(command: "run" | "run-plugin" | "run-policy-pack", directory: string): string {
  try {
    return createRequire(join(directory, "package.json")).resolve(`@pulumi/pulumi/cmd/${command}`);
  } catch {
    throw new Error(
      `It looks like the Pulumi SDK has not been installed: there is no @pulumi/pulumi for ${directory}. Run npm ci.`,
    );
  }
}

function typescriptEnv(options: RuntimeOptions): NodeJS.ProcessEnv {
  return {
    ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
    ...(options.tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
  };
}

/** The configuration as the SDK expects it: keys as `namespace:config:name`. */
function programConfig(request: RunRequest): string {
  const config: Record<string, string> = {};
  request.getConfigMap().forEach((value, key) => {
    const colon = key.indexOf(":");
    config[`${key.slice(0, colon)}:config:${key.slice(colon + 1)}`] = value;
  });
  return JSON.stringify(config);
}

function readEnv(entries: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
}
