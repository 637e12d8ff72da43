import type { Plugin } from "./plugin";

const any = { $ref: "pulumi.json#/Any" } as const;

/**
 * The package schema in its least form: the names of resources and properties, and which are secret. `pulumi import` needs it to
 * print code; what values must be like is said by `check`, and to programs by the typed SDK.
 */
export function schemaOf<B>({ name, version, kinds }: Plugin<B>): string {
  const resources = kinds.map(({ token, inputs, computed, secrets }): [string, object] => {
    const property = (key: string): [string, object] => [key, secrets.has(key) ? { ...any, secret: true } : any];
    const properties = Object.fromEntries([...inputs, ...computed].map(property));
    return [token, { properties, inputProperties: Object.fromEntries(inputs.map(property)) }];
  });
  return JSON.stringify({ name, version, resources: Object.fromEntries(resources) });
}
