export interface ProgressOptions {
  /** @default process.stderr, so that stdout stays free for what a command answers */
  readonly stream?: { readonly isTTY?: boolean; write(text: string): unknown };
  /** @default 1,000 on a terminal (the line is rewritten), 10,000 elsewhere (a line each) */
  readonly everyMilliseconds?: number;
}

export interface Progress {
  done(text?: string): void;
  failed(text?: string): void;
}

/** Says what is being done, that it still is, and how long it took. */
export function progress(label: string, options?: ProgressOptions): Progress;

/** "1.4 s", "5 min 20 s". */
export function elapsed(milliseconds: number): string;
