import { execFile } from "node:child_process";

import { redact } from "../../common/redact";

/** A talosctl command that ended with an error, in words a person can act on. */
export class TalosctlError extends Error {
  override readonly name = "TalosctlError";
  constructor(
    message: string,
    /** What talosctl wrote, without secrets. */
    readonly said: string,
  ) {
    super(message);
  }
}

/** Largest output taken: machine configurations and kubeconfigs are far smaller. Bytes. */
const largest = 32 * 1024 * 1024;

/** Runs talosctl. Arguments never hold a secret: those go through files (see SecretFolder). */
export class Talosctl {
  constructor(
    private readonly program: string,
    /** Milliseconds for one command. */
    private readonly limit = 120_000,
  ) {}

  /**
   * @param doing what the command is for, for messages
   * @param limit milliseconds, for what takes longer than an answer
   * @throws TalosctlError
   */
  run(doing: string, args: readonly string[], limit = this.limit): Promise<string> {
    return new Promise((resolve, reject) => {
      // Nobody's own talosconfig may decide which cluster is meant.
      const env = { ...process.env, TALOSCONFIG: "/dev/null" };
      execFile(
        this.program,
        [...args],
        { env, timeout: limit, maxBuffer: largest, encoding: "utf8" },
        (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(this.failure(doing, error, stderr));
        },
      );
    });
  }

  private failure(doing: string, error: Error & { code?: unknown; killed?: boolean }, stderr: string): TalosctlError {
    if (error.code === "ENOENT")
      return new TalosctlError(
        `${doing}: ${this.program} is not there. Install talosctl, or set the provider's talosctl to its path.`,
        "",
      );
    const said = error.killed === true ? "no answer in time" : redact(lastWords(stderr));
    const hint = isUnreachable(said) ? " The node could not be asked; nothing is taken for deleted." : "";
    return new TalosctlError(`${doing}: talosctl said: ${said}${hint}`, said);
  }
}

/** Whether the node did not get the question: it is booting, off, or out of reach. */
export function isUnreachable(said: string): boolean {
  return /connection refused|no route to host|i\/o timeout|deadline exceeded|code = Unavailable|no answer in time|no such host/i.test(
    said,
  );
}

function lastWords(stderr: string): string {
  const text = stderr.trim();
  return text === "" ? "nothing" : text.slice(-600);
}
