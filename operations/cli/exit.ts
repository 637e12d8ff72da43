/** Exit codes of the estate command. Those above 2 are the Pulumi CLI's own and passed through. */
export const exit = {
  ok: 0,
  failed: 1,
  /** Wrong arguments, or the real world is not set up: nothing was touched. */
  usage: 2,
  policyViolation: 5,
  drift: 7,
  cancelled: 8,
} as const;

/** What `make help` says about them. */
export const exitCodes: readonly (readonly [number, string])[] = [
  [exit.ok, "done; no drift, no violation"],
  [exit.failed, "failed; the message says what"],
  [exit.usage, "wrong arguments, or something the real world needs is missing; nothing was touched"],
  [4, "a resource could not be created, changed or deleted (Pulumi)"],
  [exit.policyViolation, "a mandatory policy is violated (Pulumi)"],
  [exit.drift, "drift: what is there is not what was applied (Pulumi)"],
  [exit.cancelled, "cancelled (Pulumi)"],
];

/** Ends the command with a message and no stack trace. */
export class CommandError extends Error {
  readonly code: number;

  constructor(message: string, code: number = exit.failed) {
    super(message);
    this.code = code;
  }
}
