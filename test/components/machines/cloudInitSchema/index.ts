import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import { z } from "zod";

const file = join(__dirname, "schema-cloud-config-v1.json");
const schema = z
  .looseObject({
    $defs: z.record(z.string(), z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() })),
    allOf: z.array(z.object({ $ref: z.string().startsWith("#/$defs/") })),
  })
  .parse(JSON.parse(readFileSync(file, "utf8")));

const draft04: unknown = JSON.parse(readFileSync(require.resolve("ajv/lib/refs/json-schema-draft-04.json"), "utf8"));
// Without its log: draft 4 ignores what stands beside a $ref, which is as it should be, and Ajv warns of it.
const ajv = new Ajv({ schemaId: "auto", meta: false, unknownFormats: "ignore", allErrors: true, logger: false });
ajv.addMetaSchema(z.record(z.string(), z.unknown()).parse(draft04));
const validate = ajv.compile(schema);

/** The schema says what a key may hold, and lets pass a key that no module knows: those that one does know. */
const keys = new Set(
  schema.allOf.flatMap(({ $ref }) => Object.keys(schema.$defs[$ref.replace("#/$defs/", "")]?.properties ?? {})),
);

/** What `cloud-init schema` would say is wrong with user data, and keys that no module of cloud-init knows. */
export function cloudInitProblems(userData: string): string[] {
  // Anything else is not taken for a configuration at all.
  if (!userData.startsWith("#cloud-config\n")) return ["the first line is not #cloud-config"];
  const config: unknown = parse(userData);
  const valid = validate(config);
  const errors = valid === true ? [] : (validate.errors ?? []);
  return [
    ...errors.map(({ dataPath, message = "" }) => `${dataPath} ${message}`.trim()),
    ...Object.keys(z.record(z.string(), z.unknown()).parse(config))
      .filter((key) => !keys.has(key))
      .map((key) => `.${key} is no key of any module`),
  ];
}
