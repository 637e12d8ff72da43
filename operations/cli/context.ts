import type { Request } from "./request";

/** What a command works with. */
export interface Context extends Request {
  /** The checkout. */
  readonly root: string;
  /** The project's cache directory, outside the checkout. */
  readonly cache: string;
  /** Prints a line of the command's answer (stdout). */
  readonly print: (text: string) => void;
  /** Prints a line about what is being done (stderr). */
  readonly say: (text: string) => void;
}

/** One of the commands. */
export interface Command {
  readonly name: string;
  /** One line for `make help`. */
  readonly summary: string;
  /** Does it; returns the exit code. */
  run(context: Context): Promise<number>;
}
