import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** What a machine of the full lab really runs: the tailnet's hub, or a client of it. */
const recordSchema = z.object({
  name: z.string(),
  /** Its address in the spec, by which commands over SSH find it. None for machines that nobody reaches like that. */
  address: z.string(),
  runs: z.enum(["hub", "client"]),
});

export type MachineRecord = Readonly<z.infer<typeof recordSchema>>;

/** Where one machine keeps everything it has. */
export interface MachinePlace {
  readonly directory: string;
  readonly record: string;
  /** Files that its cloud-init writes, under their own paths. */
  readonly root: string;
  /** First on PATH for what runs on it: stand-ins for what a machine has and a lab has not (sudo, apt-get). */
  readonly bin: string;
  /** State of the server or client that it runs. */
  readonly state: string;
  /** What its first boot printed. */
  readonly log: string;
}

/** Where a certificate and its private key are, PEM files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** The authority's files in its directory. Programs of the lab trust the certificate, and nothing else does. */
export function authorityFiles(directory: string): CertificateFiles {
  return { certificate: join(directory, "ca.pem"), key: join(directory, "ca.key") };
}

/** The machines of a lab stack, in its folder. */
export class Machines {
  /** The programs of the full lab, by their names. */
  readonly tools: string;
  /** The certificate authority that stands for Let's Encrypt. */
  readonly authority: string;
  private readonly hosts: string;

  constructor(readonly directory: string) {
    this.tools = join(directory, "tools");
    this.authority = join(directory, "authority");
    this.hosts = join(directory, "hosts");
  }

  place(name: string): MachinePlace {
    const directory = join(this.hosts, name);
    return {
      directory,
      record: join(directory, "machine.json"),
      root: join(directory, "root"),
      bin: join(directory, "bin"),
      state: join(directory, "state"),
      log: join(directory, "first-boot.log"),
    };
  }

  /** Every machine there is, by name. */
  all(): MachineRecord[] {
    if (!existsSync(this.hosts)) return [];
    return readdirSync(this.hosts)
      .sort()
      .flatMap((name) => this.find(name) ?? []);
  }

  find(name: string): MachineRecord | undefined {
    const { record } = this.place(name);
    return existsSync(record) ? recordSchema.parse(JSON.parse(readFileSync(record, "utf8"))) : undefined;
  }

  note(record: MachineRecord): void {
    const { directory, record: file } = this.place(record.name);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${JSON.stringify(record, undefined, 2)}\n`);
  }

  forget(name: string): void {
    rmSync(this.place(name).directory, { recursive: true, force: true });
  }
}
