import { type AddressInfo } from "node:net";
import { Client, type Connection, Server, type ServerChannel, type Session, utils } from "ssh2";
import { type ScratchHost } from "../../support/scratchHost";

/** One command as a server was given it. */
export interface Received {
  readonly command: string;
  readonly stdin: Buffer;
}

/** An SSH server on loopback in front of a scratch host. It runs what it is given there, as sshd does: by the user's shell. */
export class SshHost {
  readonly key = utils.generateKeyPairSync("ecdsa", { bits: 256 });
  readonly received: Received[] = [];
  private readonly hostKey = utils.generateKeyPairSync("ecdsa", { bits: 256 });
  private readonly connections = new Set<Connection>();
  private server: Server | undefined;
  port = 0;

  constructor(private readonly host: ScratchHost) {}

  async start(): Promise<void> {
    const server = new Server({ hostKeys: [this.hostKey.private] }, (connection) => {
      this.connections.add(connection);
      connection.on("error", () => undefined);
      connection.on("close", () => this.connections.delete(connection));
      this.authenticate(connection);
      connection.on("session", (accept) => {
        this.serve(accept());
      });
    });
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = addressOf(server.address()).port;
    this.server = server;
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.end();
    await new Promise<void>((resolve) => {
      if (this.server === undefined) resolve();
      else
        this.server.close(() => {
          resolve();
        });
    });
    this.server = undefined;
  }

  private authenticate(connection: Connection): void {
    const allowed = utils.parseKey(this.key.public);
    if (allowed instanceof Error) throw allowed;
    connection.on("authentication", (context) => {
      if (context.method !== "publickey" || context.username !== "root") {
        context.reject(["publickey"]);
        return;
      }
      const known = context.key.data.equals(allowed.getPublicSSH());
      // The first question comes without a signature: whether the key would do.
      const { blob, signature } = context;
      const signed = blob === undefined || signature === undefined || allowed.verify(blob, signature, context.hashAlgo);
      if (known && signed) context.accept();
      else context.reject();
    });
  }

  private serve(session: Session): void {
    // As most servers: no variable of the client's is taken.
    session.on("env", (_accept, reject) => {
      reject();
    });
    session.on("exec", (accept, _reject, { command }) => {
      this.exec(accept(), command);
    });
  }

  private exec(channel: ServerChannel, command: string): void {
    const child = this.host.shell(command);
    const chunks: Buffer[] = [];
    channel.on("data", (chunk: Buffer) => chunks.push(chunk));
    channel.on("error", () => undefined);
    child.stdin?.on("error", () => undefined);
    if (child.stdin !== null) channel.pipe(child.stdin);
    child.stdout?.on("data", (chunk: Buffer) => channel.write(chunk));
    child.stderr?.on("data", (chunk: Buffer) => channel.stderr.write(chunk));
    child.on("close", (code) => {
      this.received.push({ command, stdin: Buffer.concat(chunks) });
      channel.exit(code ?? 255);
      channel.end();
    });
  }
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address;
}

/** What a remote command is told to do, as far as it matters here. */
export interface Order {
  readonly port: number;
  readonly user: string;
  readonly privateKey: string;
  readonly command: string;
  readonly stdin: string;
  /** Failed dials after which it gives up. */
  readonly dialErrorLimit: number;
  /** Bytes of the standard input after which the connection breaks. @default it does not */
  readonly breakAfter?: number;
}

export interface Done {
  readonly output: string;
  readonly failedDials: number;
}

/**
 * Runs a command as pulumi-command 1.2.1 does (provider/pkg/provider/remote: connection.go, commandOutputs.go): dials until the
 * limit, gives the standard input, and fails with the exit code, the command and all output.
 */
export async function remoteCommand(order: Order): Promise<Done> {
  for (let failedDials = 0; ; failedDials += 1) {
    const client = await dial(order).catch((error: unknown) => {
      if (failedDials >= order.dialErrorLimit) throw error;
      return undefined;
    });
    if (client !== undefined) return { output: await runOn(client, order), failedDials };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function dial({ port, user, privateKey }: Order): Promise<Client> {
  const client = new Client();
  return new Promise((resolve, reject) => {
    client.on("ready", () => {
      resolve(client);
    });
    client.on("error", reject);
    client.connect({ host: "127.0.0.1", port, username: user, privateKey });
  });
}

function runOn(client: Client, { command, stdin, breakAfter }: Order): Promise<string> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error !== undefined) {
        reject(error);
        return;
      }
      const chunks: Buffer[] = [];
      channel.on("data", (chunk: Buffer) => chunks.push(chunk));
      channel.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
      channel.on("close", (code: number | undefined) => {
        client.end();
        const output = Buffer.concat(chunks).toString();
        if (code === 0) resolve(output);
        else reject(new Error(`Process exited with status ${code ?? "none"}: running "${command}":\n${output}`));
      });
      if (breakAfter === undefined) channel.end(stdin);
      else channel.end(stdin.slice(0, breakAfter));
    });
  });
}
