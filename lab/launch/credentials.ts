import { generateKeyPairSync, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { utils } from "ssh2";
import { z } from "zod";

const schema = z.object({
  /** "USER@REALM!TOKENID=UUID" */
  apiToken: z.string(),
  /** With which root logs in on the hosts, PEM. */
  sshPrivateKey: z.string(),
  /** OpenSSH format. */
  sshPublicKey: z.string(),
});

/** What opens the full lab's Proxmox hosts. */
export type HostCredentials = Readonly<z.infer<typeof schema>>;

/** Makes the credentials of the full lab's hosts, unless they are there. The file is its owner's alone. */
export function ensureHostCredentials(file: string): HostCredentials {
  if (existsSync(file)) return readHostCredentials(file);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const sshPrivateKey = privateKey.export({ type: "sec1", format: "pem" }).toString();
  const parsed = utils.parseKey(sshPrivateKey);
  if (parsed instanceof Error) throw parsed;
  const made = {
    apiToken: `estate@pve!lab=${randomUUID()}`,
    sshPrivateKey,
    sshPublicKey: `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`,
  };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify(made), { mode: 0o600, flag: "wx" });
  return made;
}

export function readHostCredentials(file: string): HostCredentials {
  return schema.parse(JSON.parse(readFileSync(file, "utf8")));
}
