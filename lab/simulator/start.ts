import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";

import { World } from "../world";
import { type Options, parseArguments } from "./arguments";
import { Announcer } from "./announce";
import { Calls, stopWithEngine } from "./lifetime";
import { modelsOf } from "./models";
import { SimulatedProvider } from "./provider";
import type { Reality } from "./reality";
import { serviceOf } from "./service";
import { SimulatedTime } from "./time";

function serve(options: Options, reality: Reality): void {
  const world = new World(options.world);
  const calls = new Calls();
  const time = new SimulatedTime();
  const models = modelsOf(options.packageName);
  const announcer = new Announcer(options, models);
  const provider = new SimulatedProvider(world, models, time, reality);
  const server = new Server({
    "grpc.max_receive_message_length": 400 * 1024 * 1024,
    "grpc.max_send_message_length": -1,
  });
  server.addService(
    ResourceProviderService,
    serviceOf(provider, calls, {
      packageName: options.packageName,
      version: options.version,
      identity: models.identity ?? (() => ""),
      prepare: async () => models.prepare?.(),
      configured: () => {
        announcer.started();
      },
      used: (type) => {
        announcer.used(type);
      },
      cancelled: () => {
        time.cancel();
      },
      attached: (address) => {
        announcer.engine = address;
      },
    }),
  );
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
  stopWithEngine(calls);
}

/**
 * Starts the plugin that stands for one third-party package and prints its port, as the engine expects of a plugin.
 *
 * @param realityOf what really happens beside the world's record, by the command line
 */
export function startSimulator(realityOf: (options: Options) => Reality): void {
  try {
    const options = parseArguments(process.argv.slice(2));
    serve(options, realityOf(options));
  } catch (error) {
    process.stderr.write(`The simulator cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
