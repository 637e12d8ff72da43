import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";

import type { Plugin } from "./plugin";
import { service } from "./server";

/** Largest message taken from the engine, as the SDK has it: policies and machine configurations can be long. Bytes. */
const largest = 400 * 1024 * 1024;

/** Serves a plugin on loopback until the process ends, and prints the port, which is how the engine learns it. */
export function serve<B>(plugin: Plugin<B>): void {
  const server = new Server({ "grpc.max_receive_message_length": largest });
  server.addService(ResourceProviderService, service(plugin));
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    process.stdout.write(`${port}\n`);
  });
}
