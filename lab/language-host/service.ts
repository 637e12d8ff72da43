import { appendFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import type { ILanguageRuntimeServer } from "@pulumi/pulumi/proto/language_grpc_pb";
import {
  AboutResponse,
  DependencyInfo,
  GetProgramDependenciesResponse,
  GetRequiredPackagesResponse,
  InstallDependenciesResponse,
  LanguageHandshakeResponse,
  RunPluginResponse,
  RunResponse,
  RuntimeOptionsResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { PackageDependency, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { z } from "zod";
import { type Children, outcome } from "./children";
import { findUp, installedPackages } from "./packages";
import { planPlugin, planProgram } from "./plan";

/** The SDK's exit code for "the user has been told already" (@pulumi/pulumi/cmd/run). */
const alreadyReported = 32;

export interface HostOptions {
  /** Address of the engine that started this host. */
  readonly engine: string;
  readonly version: string;
  readonly children: Children;
  /** File that gets a line `{"preview": true, "milliseconds": 1200}` per program run. @default none */
  readonly timesFile?: string;
}

/** Answers a unary call, turning what is thrown into the call's error. */
function answer<Q, R>(handle: (call: ServerUnaryCall<Q, R>) => R | Promise<R>) {
  return (call: ServerUnaryCall<Q, R>, reply: sendUnaryData<R>): void => {
    Promise.resolve()
      .then(() => handle(call))
      .then(
        (response) => {
          reply(null, response);
        },
        (error: unknown) => {
          reply({ code: status.INTERNAL, details: messageOf(error) });
        },
      );
  };
}

function unimplemented(name: string) {
  return (_call: unknown, reply: sendUnaryData<never>): void => {
    reply({ code: status.UNIMPLEMENTED, details: `The estate's Node language host has no ${name}` });
  };
}

/** Pulumi's language runtime for Node: what the engine asks of `pulumi-language-nodejs` to run programs and plugins. */
export function languageHost(options: HostOptions): ILanguageRuntimeServer {
  return {
    ...programHandlers(options),
    ...pluginHandlers(options),
    ...describingHandlers(options),
    getRequiredPlugins: unimplemented("GetRequiredPlugins"),
    template: unimplemented("Template"),
    generateProgram: unimplemented("GenerateProgram"),
    generateProject: unimplemented("GenerateProject"),
    generatePackage: unimplemented("GeneratePackage"),
    pack: unimplemented("Pack"),
    link: unimplemented("Link"),
  };
}

function programHandlers({ engine, children, timesFile }: HostOptions): Pick<ILanguageRuntimeServer, "run"> {
  return {
    run: answer(async (call) => {
      const start = Date.now();
      const command = planProgram(call.request, engine, process.env);
      const child = children.startNode(command, ["ignore", "inherit", "inherit"]);
      call.on("cancelled", () => {
        children.stop(child);
      });
      const code = await outcome(child);
      if (timesFile !== undefined) {
        const times = { preview: call.request.getDryrun(), milliseconds: Date.now() - start };
        appendFileSync(timesFile, `${JSON.stringify(times)}\n`);
      }
      const response = new RunResponse();
      if (code === alreadyReported) response.setBail(true);
      else if (code !== 0) response.setError(`Program exited with non-zero exit code: ${String(code)}`);
      return response;
    }),
  };
}

type Streaming = "runPlugin" | "installDependencies" | "cancel";

function pluginHandlers({ children }: HostOptions): Pick<ILanguageRuntimeServer, Streaming> {
  return {
    runPlugin: (call) => {
      const write = (change: (response: RunPluginResponse) => void): void => {
        const response = new RunPluginResponse();
        change(response);
        call.write(response);
      };
      attempt(call, async () => {
        const child = children.startNode(planPlugin(call.request), ["ignore", "pipe", "pipe"]);
        // A plugin is stopped by cancelling this call: the engine has no other way to end it.
        call.on("cancelled", () => {
          children.stop(child);
        });
        child.stdout?.on("data", (data: Buffer) => {
          write((response) => response.setStdout(data));
        });
        child.stderr?.on("data", (data: Buffer) => {
          write((response) => response.setStderr(data));
        });
        const code = await outcome(child);
        write((response) => response.setExitcode(code));
      });
    },
    installDependencies: (call) => {
      attempt(call, async () => {
        const manifest = findUp(call.request.getDirectory(), "package.json");
        if (manifest === undefined) return;
        const directory = dirname(manifest);
        const install = existsSync(join(directory, "package-lock.json")) ? "ci" : "install";
        const where = { directory, env: process.env };
        const child = children.start("npm", [install, "--no-audit", "--no-fund"], where, ["ignore", "pipe", "pipe"]);
        child.stdout?.on("data", (data: Buffer) => call.write(new InstallDependenciesResponse().setStdout(data)));
        child.stderr?.on("data", (data: Buffer) => call.write(new InstallDependenciesResponse().setStderr(data)));
        const code = await outcome(child);
        if (code !== 0) throw new Error(`npm ${install} in ${directory} ended with code ${String(code)}`);
      });
    },
    cancel: answer(() => {
      children.stopAll();
      return new Empty();
    }),
  };
}

interface Stream {
  end(): void;
  emit(event: "error", error: { code: number; details: string }): unknown;
}

/** Ends a stream when the work is done, with the call's error when it fails. */
function attempt(call: Stream, work: () => Promise<void>): void {
  work().then(
    () => {
      call.end();
    },
    (error: unknown) => {
      call.emit("error", { code: status.INTERNAL, details: messageOf(error) });
    },
  );
}

type Describing =
  "handshake" | "getPluginInfo" | "about" | "getRequiredPackages" | "getProgramDependencies" | "runtimeOptionsPrompts";

function describingHandlers({ version }: HostOptions): Pick<ILanguageRuntimeServer, Describing> {
  return {
    handshake: answer(() => new LanguageHandshakeResponse()),
    getPluginInfo: answer(() => new PluginInfo().setVersion(version)),
    runtimeOptionsPrompts: answer(() => new RuntimeOptionsResponse()),
    about: answer(() => new AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
    getRequiredPackages: answer((call) => {
      const packages = installedPackages(call.request.getInfo()?.getProgramDirectory() ?? ".", "dependencies");
      const plugins = packages.flatMap(({ plugin }) => (plugin === undefined ? [] : [plugin]));
      return new GetRequiredPackagesResponse().setPackagesList(
        plugins.map((plugin) => {
          const dependency = new PackageDependency();
          dependency.setName(plugin.name).setKind("resource").setVersion(plugin.version).setServer(plugin.server);
          return dependency;
        }),
      );
    }),
    getProgramDependencies: answer((call) => {
      const packages = installedPackages(call.request.getInfo()?.getProgramDirectory() ?? ".", "all");
      return new GetProgramDependenciesResponse().setDependenciesList(
        packages.map(({ name, version: installed }) => new DependencyInfo().setName(name).setVersion(installed)),
      );
    }),
  };
}

function messageOf(error: unknown): string {
  const parsed = z.object({ message: z.string() }).safeParse(error);
  return parsed.success ? parsed.data.message : String(error);
}
