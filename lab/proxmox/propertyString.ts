import { badParameters } from "./refusal";
import { undeclared } from "./parameters";

/** A value like "mapping=card,pcie=1"; the first part may come without a key. */
export type Properties = ReadonlyMap<string, string>;

/**
 * Reads a property string.
 *
 * @param option the parameter that carries it, for the message
 * @param known every key it may have
 * @param defaultKey what a part without "=" is
 * @throws Refusal with Proxmox's message
 */
export function parseProperties(
  option: string,
  value: string,
  known: readonly string[],
  defaultKey: string,
): Properties {
  const found = new Map<string, string>();
  const problems: string[] = [];
  for (const part of value.split(",").filter((item) => item !== "")) {
    const [first = "", ...rest] = part.split("=");
    const [key, content] = rest.length === 0 ? [defaultKey, first] : [first, rest.join("=")];
    if (found.has(key)) problems.push(`duplicate key in comma-separated list property: ${key}`);
    if (!known.includes(key)) problems.push(`${key}: ${undeclared}`);
    found.set(key, content);
  }
  if (problems.length > 0) throw badParameters({ [option]: `invalid format - format error\n${problems.join("\n")}` });
  return found;
}

/** Writes a property string, the default key's value first and bare, as Proxmox keeps it. */
export function printProperties(properties: Properties, defaultKey: string): string {
  const first = properties.get(defaultKey);
  const rest = [...properties].filter(([key]) => key !== defaultKey).map(([key, value]) => `${key}=${value}`);
  return [...(first === undefined ? [] : [first]), ...rest].join(",");
}
