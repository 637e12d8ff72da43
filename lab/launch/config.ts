import { z } from "zod";
import { parse, stringify } from "yaml";

/** A value of a stack file: plain, or `{ secure: "v1:..." }`, at any depth. */
export type ConfigValue = string | number | boolean | null | ConfigValue[] | { [key: string]: ConfigValue };

export const configValue: z.ZodType<ConfigValue> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(configValue), z.record(z.string(), configValue)]),
);
const stackFile = z.object({
  encryptionsalt: z.string().optional(),
  config: z.record(z.string(), configValue).nullish(),
});

export interface StackFile {
  /** Salt of the passphrase. @default none: no secret was ever set in it */
  readonly salt?: string;
  /** By full key, for example "estate:secrets". */
  readonly config: Readonly<Record<string, ConfigValue>>;
}

/** A key of the configuration, and the way into its value: ["estate:secrets", "deployKey"]. */
export type ConfigPath = readonly [string, ...string[]];

/**
 * Reads a Pulumi.<stack>.yaml. Nothing is decrypted.
 *
 * @throws Error that says what in the file is not as Pulumi writes it
 */
export function readStackFile(text: string, name: string): StackFile {
  const parsed = stackFile.safeParse(parse(text) ?? {});
  if (!parsed.success) throw new Error(`${name} is not a Pulumi stack file: ${z.prettifyError(parsed.error)}`);
  const { encryptionsalt, config } = parsed.data;
  return { ...(encryptionsalt === undefined ? {} : { salt: encryptionsalt }), config: config ?? {} };
}

export function writeStackFile({ salt, config }: StackFile): string {
  return stringify({ ...(salt === undefined ? {} : { encryptionsalt: salt }), config }, { sortMapEntries: false });
}

function isTable(item: ConfigValue): item is { [key: string]: ConfigValue } {
  return typeof item === "object" && item !== null && !Array.isArray(item);
}

/** Whether a value is one that Pulumi has encrypted. */
export function isSecure(item: ConfigValue): boolean {
  return isTable(item) && Object.keys(item).join() === "secure" && typeof item["secure"] === "string";
}

/** Where a configuration has encrypted values. Those inside a list are found with their index. */
export function securePaths(config: StackFile["config"]): ConfigPath[] {
  const within = (path: ConfigPath, item: ConfigValue): ConfigPath[] => {
    if (isSecure(item)) return [path];
    const children = Array.isArray(item) ? Object.entries(item) : isTable(item) ? Object.entries(item) : [];
    return children.flatMap(([key, child]) => within([...path, key], child));
  };
  return Object.entries(config).flatMap(([key, item]) => within([key], item));
}

/** The dials: a configuration without its encrypted values, and without what is empty then. */
export function withoutSecure(config: StackFile["config"]): Record<string, ConfigValue> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, item]): [string, ConfigValue][] => {
      const rest = strip(item);
      return rest === undefined ? [] : [[key, rest]];
    }),
  );
}

function strip(item: ConfigValue): ConfigValue | undefined {
  if (isSecure(item)) return undefined;
  if (Array.isArray(item)) return item.flatMap((child) => strip(child) ?? []);
  if (!isTable(item)) return item;
  const rest = withoutSecure(item);
  return Object.keys(rest).length === 0 && Object.keys(item).length > 0 ? undefined : rest;
}

/** The value at a path, undefined when there is none. */
export function valueAt(config: StackFile["config"], path: ConfigPath): ConfigValue | undefined {
  return path.reduce<ConfigValue | undefined>(
    (item, key) => (item !== undefined && isTable(item) ? item[key] : undefined),
    { ...config },
  );
}

/** A configuration with a value put at a path; tables on the way are made. */
export function withValue(
  config: StackFile["config"],
  path: ConfigPath,
  item: ConfigValue,
): Record<string, ConfigValue> {
  const [key, next, ...rest] = path;
  if (next === undefined) return { ...config, [key]: item };
  const inner = config[key];
  return { ...config, [key]: withValue(inner !== undefined && isTable(inner) ? inner : {}, [next, ...rest], item) };
}

/** How `pulumi config set --path` wants a path: `estate:secrets["deployKey"]`. */
export function pathArgument([key, ...rest]: ConfigPath): string {
  return `${key}${rest.map((part) => `[${JSON.stringify(part)}]`).join("")}`;
}
