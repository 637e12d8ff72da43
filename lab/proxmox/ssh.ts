import { createHash, timingSafeEqual } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import ssh2, { type Connection, type ParsedKey, type ServerChannel, type SFTPWrapper } from "ssh2";
import type { Store } from "./store";
import { nodeFolder } from "./volumes";

const { Server, utils } = ssh2;
/** SSH_FXF_READ of the protocol's version 3. */
const readOnly = 1;

/** What the provider asks before its first upload to a node (proxmox/ssh/client.go, probeSudo): is sudo needed? */
const probe = /^\/bin\/bash -c 'if \[ "\$\(id -u\)" = "0" \]; then echo "0"; elif [^']+; else echo "0"; fi'$/;
/** How it uploads a snippet (uploadFile): what comes in is written to this one file. */
const upload =
  /^\/bin\/bash -c 'export TRY_SUDO_USE_SUDO=0; _try_sudo_check\(\)\{[^']+\}; try_sudo\(\)\{[^']+\}; try_sudo \/usr\/bin\/tee ([^\s;&|<>$`"'\\]+)'$/;

/** The SSH server of one node, as far as the Proxmox provider uses it. */
export interface SshNode {
  readonly node: string;
  readonly root: string;
  readonly store: Store;
  /** Public key that root may log in with, OpenSSH format. */
  readonly authorizedKey: string;
  readonly hostKey: string;
  /** Told of every command that is refused. */
  readonly say: (line: string) => void;
}

/** The host key of the emulated nodes; made once, because the provider remembers it in known_hosts. */
export function hostKeyIn(root: string): string {
  const file = join(root, "ssh_host_ecdsa_key");
  // Not Ed25519: of its keys ssh2 1.17.0 writes one in 150 so that it cannot read it again.
  if (!existsSync(file))
    writeFileSync(file, utils.generateKeyPairSync("ecdsa", { bits: 256 }).private, { mode: 0o600 });
  return readFileSync(file, "utf8");
}

/**
 * Makes the SSH server of a node. It runs no command: it recognises the two the provider sends for a snippet, and the SFTP
 * requests with which it checks what it sent, and writes into the snippet folders of the node's storages and nowhere else.
 */
export function makeSshServer(node: SshNode): InstanceType<typeof Server> {
  const authorized = utils.parseKey(node.authorizedKey);
  if (authorized instanceof Error) throw authorized;
  return new Server({ hostKeys: [node.hostKey] }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      if (context.method !== "publickey" || context.username !== "root" || !same(context.key.data, authorized)) {
        context.reject(["publickey"]);
        return;
      }
      const { signature, blob, hashAlgo } = context;
      // Without a signature the client only asks whether the key would do.
      const asks = signature === undefined || blob === undefined;
      if (asks || authorized.verify(blob, signature, hashAlgo)) context.accept();
      else context.reject();
    });
    client.on("ready", () => {
      serveSessions(node, client);
    });
  });
}

function same(key: Buffer, authorized: ParsedKey): boolean {
  const digest = (data: Buffer) => createHash("sha256").update(data).digest();
  return timingSafeEqual(digest(key), digest(authorized.getPublicSSH()));
}

function serveSessions(node: SshNode, client: Connection): void {
  client.on("session", (accept) => {
    const session = accept();
    session.on("exec", (acceptExec, _reject, { command }) => {
      run(node, command, acceptExec());
    });
    session.on("sftp", (acceptSftp) => {
      serveFiles(node, acceptSftp());
    });
  });
}

function run(node: SshNode, command: string, channel: ServerChannel): void {
  const end = (code: number, output: string): void => {
    if (code === 0) channel.write(output);
    else channel.stderr.write(output);
    channel.exit(code);
    channel.end();
  };
  if (probe.test(command)) {
    end(0, "0\n");
    return;
  }
  const [, path = ""] = upload.exec(command) ?? [];
  const file = fileFor(node, path);
  if (file === undefined) {
    node.say(`${node.node}: refused over SSH: ${path === "" ? "a command that is no upload" : path}`);
    end(1, `The emulator takes nothing but snippets in a storage that may hold them: ${path || "this is none"}\n`);
    return;
  }
  const chunks: Buffer[] = [];
  channel.on("data", (data: Buffer) => chunks.push(data));
  channel.once("end", () => {
    const content = Buffer.concat(chunks);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, content, { mode: 0o600 });
    end(0, content.toString("utf8"));
  });
}

/** Where a snippet lies on this computer; undefined for any other path. */
function fileFor({ store, node, root }: SshNode, path: string): string | undefined {
  if (path === "" || posix.normalize(path) !== path) return undefined;
  const folders = Object.values(store.read().storages).flatMap(({ path: folder, content }) =>
    folder !== undefined && content.includes("snippets") ? [posix.join(folder, "snippets")] : [],
  );
  return folders.includes(posix.dirname(path)) ? nodeFolder(root, node, path) : undefined;
}

/** Open, look at and change the mode of a snippet: all that the provider does after an upload. */
function serveFiles(node: SshNode, sftp: SFTPWrapper): void {
  const { OK, NO_SUCH_FILE, PERMISSION_DENIED } = utils.sftp.STATUS_CODE;
  const open = new Map<string, string>();
  const attributes = (file: string) => {
    const { mode, size, uid, gid } = statSync(file);
    return { mode, size, uid, gid, atime: 0, mtime: 0 };
  };
  const existing = (path: string): string | undefined => {
    const file = fileFor(node, path);
    return file !== undefined && existsSync(file) ? file : undefined;
  };
  // The client waits for the channel's end after its own.
  sftp.on("end", () => {
    sftp.end();
  });
  sftp.on("OPEN", (request, path, flags) => {
    const file = existing(path);
    if (file === undefined) sftp.status(request, NO_SUCH_FILE);
    else if (flags !== readOnly) sftp.status(request, PERMISSION_DENIED);
    else {
      const handle = Buffer.from(String(open.size));
      open.set(handle.toString(), file);
      sftp.handle(request, handle);
    }
  });
  sftp.on("FSTAT", (request, handle) => {
    const file = open.get(handle.toString());
    if (file === undefined) sftp.status(request, NO_SUCH_FILE);
    else sftp.attrs(request, attributes(file));
  });
  sftp.on("STAT", (request, path) => {
    const file = existing(path);
    if (file === undefined) sftp.status(request, NO_SUCH_FILE);
    else sftp.attrs(request, attributes(file));
  });
  sftp.on("SETSTAT", (request, path, { mode }) => {
    const file = existing(path);
    if (file !== undefined) chmodSync(file, mode & 0o777);
    sftp.status(request, file === undefined ? NO_SUCH_FILE : OK);
  });
  sftp.on("CLOSE", (request) => {
    sftp.status(request, OK);
  });
}
