import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

/** An npm package that a program depends on. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** Set when the package belongs to a provider plugin. */
  readonly plugin?: { readonly name: string; readonly version: string; readonly server: string };
}

const programSchema = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  pulumi: z
    .object({
      resource: z.boolean().default(false),
      name: z.string().optional(),
      version: z.string().optional(),
      server: z.string().default(""),
    })
    .optional(),
});

/**
 * The packages that the program in a directory names in its package.json and that are installed, in their order.
 *
 * @param kind "dependencies" for what the program needs to run, "all" with its development tools
 */
export function installedPackages(directory: string, kind: "dependencies" | "all"): InstalledPackage[] {
  const manifest = findUp(directory, "package.json");
  if (manifest === undefined) return [];
  const program = programSchema.parse(readJson(manifest));
  const names = Object.keys({ ...program.dependencies, ...(kind === "all" ? program.devDependencies : {}) });
  return names.flatMap((name) => {
    const file = findUp(directory, join("node_modules", name, "package.json"));
    return file === undefined ? [] : [readPackage(file)];
  });
}

function readPackage(file: string): InstalledPackage {
  const { name, version: raw, pulumi } = packageSchema.parse(readJson(file));
  const version = raw.replace(/^v/, "");
  if (pulumi?.resource !== true) return { name, version };
  const plugin = {
    // The name without @scope/ is what Pulumi's own host takes when the package does not say.
    name: pulumi.name ?? name.replace(/^@[^/]*\//, ""),
    version: (pulumi.version ?? version).replace(/^v/, ""),
    server: pulumi.server,
  };
  return { name, version, plugin };
}

/** The nearest file of that name in the directory or above it. */
export function findUp(directory: string, name: string): string | undefined {
  const file = join(directory, name);
  if (existsSync(file)) return file;
  return dirname(directory) === directory ? undefined : findUp(dirname(directory), name);
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
