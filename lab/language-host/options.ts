import type { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";
import { z } from "zod";

/** The runtime options of Pulumi.yaml, PulumiPlugin.yaml or PulumiPolicy.yaml that this host understands. */
export interface RuntimeOptions {
  /** Whether the SDK registers ts-node before it loads the program. @default true, as in Pulumi's own host */
  readonly typescript: boolean;
  /** Arguments of Node itself, before the script. @default none */
  readonly nodeArgs: readonly string[];
  /** @default tsconfig.json of the program's directory */
  readonly tsconfig?: string;
}

const schema = z.object({
  typescript: z.boolean({ error: "typescript option must be a boolean" }).default(true),
  nodeargs: z.string({ error: "nodeargs option must be a string" }).default(""),
  tsconfig: z.string({ error: "tsconfig option must be a string" }).optional(),
});

/**
 * Reads the runtime options of a program.
 *
 * @throws Error that names each option of the wrong type
 */
export function readOptions(info: Pick<ProgramInfo, "getOptions"> | undefined): RuntimeOptions {
  const parsed = schema.safeParse(info?.getOptions()?.toJavaScript() ?? {});
  if (!parsed.success) throw new Error(parsed.error.issues.map((issue) => issue.message).join("; "));
  const { typescript, nodeargs, tsconfig } = parsed.data;
  return { typescript, nodeArgs: splitWords(nodeargs), ...(tsconfig === undefined ? {} : { tsconfig }) };
}

/** Splits a command line at white space; what stands in single or double quotes stays together, without the quotes. */
export function splitWords(line: string): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
