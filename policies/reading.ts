import { UnknownValueError } from "@pulumi/policy";

/** A value that preview does not know yet, with the error that the policy SDK raised for it. */
export class Unknown {
  constructor(readonly error: Error) {}
}

/**
 * Reads the value at a path inside a resource's properties. What is absent is undefined; what preview does not know is an
 * `Unknown` instead of the SDK's exception, so that one unknown value does not end a rule over many resources.
 */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  try {
    return path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), value);
  } catch (error) {
    if (error instanceof Error && error instanceof UnknownValueError) return new Unknown(error);
    throw error;
  }
}

/** The elements of the list at a path: none when it is absent or no list, one `Unknown` when the whole list is unknown. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const list = at(value, ...path);
  if (list instanceof Unknown) return [list];
  return Array.isArray(list) ? Array.from({ length: list.length }, (_, index) => at(list, index)) : [];
}

/**
 * Collects what could not be decided at preview. A rule reports every violation it is sure of, then calls `settle`: the
 * first unknown is raised again, and the SDK turns it into its advisory "can't run policy ... during preview". So nothing
 * undecided passes in silence, and nothing decided is lost.
 */
export class Undecided {
  private first: Unknown | undefined;

  /** Remembers a value if it is unknown. */
  add(value: unknown): void {
    if (value instanceof Unknown) this.first ??= value;
  }

  settle(): void {
    if (this.first !== undefined) throw this.first.error;
  }
}

/** Whether a value has named (or, for a list, numbered) members. */
export function isRecord(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === "object" && value !== null;
}

/** A value as text, undefined when it is none. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
