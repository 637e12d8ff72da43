import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for one piece of work with secrets in files: command lines are seen by every user of a machine, its files are not. */
export class SecretFolder {
  private constructor(private readonly folder: string) {}

  /** Makes a folder that only this user can read, and removes it with all that is in it when the work ends, however it ends. */
  static async during<T>(work: (folder: SecretFolder) => Promise<T>): Promise<T> {
    // mkdtemp makes it with mode 0700.
    const folder = new SecretFolder(await mkdtemp(join(tmpdir(), "estate-talos-")));
    try {
      return await work(folder);
    } finally {
      await rm(folder.folder, { recursive: true, force: true });
    }
  }

  /** A path in the folder, for a program to write to. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file and gives its path. */
  async write(name: string, content: string): Promise<string> {
    const path = this.path(name);
    await writeFile(path, content, { mode: 0o600, flag: "wx" });
    return path;
  }
}
