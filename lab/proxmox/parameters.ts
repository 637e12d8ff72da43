import { badParameters } from "./refusal";

/** What a parameter may be, as the API's description has it. */
export interface Kind {
  readonly type: "string" | "integer" | "number" | "boolean" | "array";
  readonly minimum?: number;
  readonly maximum?: number;
  readonly values?: readonly string[];
  readonly pattern?: RegExp;
}

export const text: Kind = { type: "string" };
export const boolean: Kind = { type: "boolean" };
export const list: Kind = { type: "array" };
export const integer = (minimum?: number, maximum?: number): Kind => ({
  type: "integer",
  ...(minimum === undefined ? {} : { minimum }),
  ...(maximum === undefined ? {} : { maximum }),
});
export const oneOf = (...values: readonly string[]): Kind => ({ type: "string", values });
export const matching = (pattern: RegExp): Kind => ({ type: "string", pattern });

/** The parameters of one method; `net[n]` stands for net0 up to its highest number. */
export interface Parameters {
  readonly required?: Readonly<Record<string, Kind>>;
  readonly optional?: Readonly<Record<string, Kind>>;
}

/** What a request carries, by parameter. */
export type Given = ReadonlyMap<string, readonly string[]>;

/** How many of a numbered parameter there are: https://pve.proxmox.com/wiki/Manual:_qm.conf */
const numbered: Readonly<Record<string, number>> = {
  hostpci: 16,
  ide: 4,
  ipconfig: 32,
  net: 32,
  numa: 8,
  parallel: 3,
  sata: 6,
  scsi: 31,
  serial: 4,
  unused: 256,
  usb: 14,
  virtio: 16,
  virtiofs: 10,
};

/** The kind of a parameter; undefined when the method has none of that name. */
export function kindOf({ required = {}, optional = {} }: Parameters, name: string): Kind | undefined {
  const [, stem = "", digits = ""] = /^([a-z]+)(0|[1-9]\d*)$/.exec(name) ?? [];
  const isNumbered = digits !== "" && Number(digits) < (numbered[stem] ?? 0);
  return required[name] ?? optional[name] ?? (isNumbered ? optional[`${stem}[n]`] : undefined);
}

/**
 * Holds what a request carries against the method's parameters. Messages are those of PVE::JSONSchema (pve-common).
 *
 * @throws Refusal with every wrong parameter
 */
export function check(given: Given, parameters: Parameters): void {
  const errors: Record<string, string> = {};
  for (const name of Object.keys(parameters.required ?? {})) {
    if (!given.has(name)) errors[name] = "property is missing and it is not optional";
  }
  for (const [name, values] of given) {
    const kind = kindOf(parameters, name);
    const problem = kind === undefined ? undeclared : problemOf(kind, values);
    if (problem !== undefined) errors[name] = problem;
  }
  if (Object.keys(errors).length > 0) throw badParameters(errors);
}

export const undeclared = "property is not defined in schema and the schema does not allow additional properties";

/** What is wrong with a value, in the API's words. */
export function problemOf(kind: Kind, values: readonly string[]): string | undefined {
  if (kind.type === "array") return undefined;
  const [value = ""] = values;
  if (values.length > 1) return `type check ('${kind.type}') failed - got ARRAY`;
  const shape = { string: /^/, integer: /^[+-]?\d+$/, number: /^[+-]?\d+(\.\d+)?$/, boolean: /^[01]$/ }[kind.type];
  if (!shape.test(value)) return `type check ('${kind.type}') failed - got '${value}'`;
  if (kind.pattern?.test(value) === false) return "value does not match the regex pattern";
  if (kind.maximum !== undefined && Number(value) > kind.maximum)
    return `value must have a maximum value of ${kind.maximum}`;
  if (kind.minimum !== undefined && Number(value) < kind.minimum)
    return `value must have a minimum value of ${kind.minimum}`;
  if (kind.values?.includes(value) === false)
    return `value '${value}' does not have a value in the enumeration '${kind.values.join(", ")}'`;
  return undefined;
}
