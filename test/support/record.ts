import * as pulumi from "@pulumi/pulumi";
import type { MockCallArgs, MockResourceArgs } from "@pulumi/pulumi/runtime";

/** The mark of a secret on the wire between program and engine. */
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const signatureKey = "4dabf18193072939515e22adb298388d";

/** Every estate asks who has joined: nobody, in a program that is only recorded. */
const emptyTailnet: ReadonlyMap<string, Record<string, unknown>> = new Map([
  ["headscale:index:getNodes", { nodes: [] }],
  ["tailscale:index/getDevices:getDevices", { devices: [] }],
]);

/** One resource as the program registered it. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  /** Inputs in clear; `secrets` says which of them were secret. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Paths of secret inputs: "data", "connection.privateKey". */
  readonly secrets: readonly string[];
}

/** What a program registered, and what it returned. */
export interface Recording<T> {
  readonly result: T;
  readonly registrations: readonly Registration[];
  /** The only registration of that type and name; throws when there is none or more than one. */
  readonly one: (type: string, name?: string) => Registration;
}

/** How a recording is made. */
export interface RecordOptions {
  /** Run as in a preview: outputs of resources are unknown. @default false */
  readonly preview?: boolean;
  /** Outputs of a resource beyond its inputs, by type. @default the inputs only */
  readonly outputs?: (type: string, name: string, inputs: Readonly<Record<string, unknown>>) => Record<string, unknown>;
  /** Answers of invokes. @default an invoke throws */
  readonly call?: (token: string, inputs: Readonly<Record<string, unknown>>) => Record<string, unknown>;
}

/**
 * Runs a program against Pulumi's mock monitor and records every registration. Ids are distinct per name, so that a wire to
 * the wrong resource shows. Two resources with one type and name are refused, as the engine refuses them.
 *
 * Mocks see neither provider checks nor options such as protect: the engine tests do.
 */
export async function record<T>(program: () => T, options: RecordOptions = {}): Promise<Recording<T>> {
  const registrations: Registration[] = [];
  await pulumi.runtime.setMocks(mocks(registrations, options), "estate", "test", options.preview ?? false);
  const result = program();
  // Waits until every registration, also one that another made possible, has been answered.
  await pulumi.runtime.disconnect();
  return { result, registrations, one: (type, name) => only(registrations, type, name) };
}

function mocks(registrations: Registration[], options: RecordOptions): pulumi.runtime.Mocks {
  return {
    newResource: ({ type, name, inputs: raw, custom }: MockResourceArgs) => {
      if (registrations.some((other) => other.type === type && other.name === name)) {
        throw new Error(`two resources of type ${type} are named ${name}`);
      }
      const secrets: string[] = [];
      const inputs = asRecord(reveal(raw, "", secrets));
      registrations.push({ type, name, custom: custom ?? true, inputs, secrets });
      if (options.preview === true) return { id: undefined, state: inputs };
      return { id: `${name}-id`, state: { ...inputs, ...options.outputs?.(type, name, inputs) } };
    },
    call: ({ token, inputs }: MockCallArgs) => {
      const empty = emptyTailnet.get(token);
      if (empty !== undefined) return empty;
      if (options.call === undefined) throw new Error(`unexpected invoke of ${token}`);
      return options.call(token, asRecord(inputs));
    },
  };
}

function only(registrations: readonly Registration[], type: string, name?: string): Registration {
  const found = registrations.filter((item) => item.type === type && (name === undefined || item.name === name));
  const [first] = found;
  if (first === undefined || found.length > 1) {
    const all = registrations.map((item) => `${item.type} ${item.name}`).join("\n");
    throw new Error(`${found.length} resources are ${type} ${name ?? ""}; there are:\n${all}`);
  }
  return first;
}

function reveal(value: unknown, path: string, secrets: string[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => reveal(item, join(path, String(index)), secrets));
  if (typeof value !== "object" || value === null) return value;
  const fields = asRecord(value);
  if (fields[signatureKey] === secretSignature) {
    secrets.push(path);
    return reveal(fields["value"], path, secrets);
  }
  return Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, reveal(item, join(path, key), secrets)]));
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** The settled value of an output; secrets are unwrapped. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}
