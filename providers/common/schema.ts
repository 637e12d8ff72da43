import type { Plugin } from "./plugin";

const any = { $ref: "pulumi.json#/Any" } as const;

/**
 * The package schema in its least form: the names of resources, functions and properties, and which are secret. `pulumi import` needs it to
 * print code; what values must be like is said by `check`, and to programs by the typed SDK.
 */
export function schemaOf<B>({ name, version, kinds, functions: asked = [] }: Plugin<B>): string {
  const resources = kinds.map(({ token, inputs, computed, secrets }): [string, object] => {
    const property = (key: string): [string, object] => [key, secrets.has(key) ? { ...any, secret: true } : any];
    const properties = Object.fromEntries([...inputs, ...computed].map(property));
    return [token, { properties, inputProperties: Object.fromEntries(inputs.map(property)) }];
  });
  const loose = (names: readonly string[]): object => ({
    properties: Object.fromEntries(names.map((key) => [key, any])),
  });
  const functions = asked.map(({ token, inputs, outputs }): [string, object] => [
    token,
    { inputs: loose(inputs), outputs: { ...loose(outputs), type: "object" } },
  ]);
  return JSON.stringify({
    name,
    version,
    resources: Object.fromEntries(resources),
    functions: Object.fromEntries(functions),
  });
}
