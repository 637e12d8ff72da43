import { Server, ServerCredentials } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { version } from "@pulumi/pulumi/version";
import { Children } from "./children";
import { languageHost } from "./service";

/**
 * `pulumi-language-nodejs` for machines that can't have Pulumi's own: the engine starts it with its address as the last
 * argument and reads the port from its first line.
 */
function main(args: readonly string[]): void {
  const engine = args.at(-1) ?? "";
  const timesFile = process.env["ESTATE_RUN_TIMES"];
  const children = new Children();
  // The engine's own limit (rpcutil.maxRPCMessageSize): states and plugin output can be large.
  const size = 400 * 1024 * 1024;
  const server = new Server({ "grpc.max_receive_message_length": size, "grpc.max_send_message_length": size });
  server.addService(
    LanguageRuntimeService,
    languageHost({ engine, version, children, ...(timesFile === undefined ? {} : { timesFile }) }),
  );
  const end = (): void => {
    process.exit(0);
  };
  process.on("SIGINT", end).on("SIGTERM", end);
  process.on("exit", () => {
    children.killAll();
  });
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    process.stdout.write(`${String(port)}\n`);
  });
}

main(process.argv.slice(2));
