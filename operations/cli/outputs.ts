import { z } from "zod";

const outputs = z.object({ public: z.unknown().optional() });

/**
 * The public group of a stack's outputs, one line per value, for people: `machines.docker.address: 192.168.10.5`.
 *
 * @param json what `pulumi stack output --json` prints; secrets are masked there, and the secret group is left out here
 */
export function formatOutputs(json: string): string[] {
  const parsed = outputs.safeParse(JSON.parse(json));
  return parsed.success && parsed.data.public !== undefined ? lines(parsed.data.public, "") : [];
}

function lines(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null) return [`${path}: ${String(value)}`];
  const entries: [string, unknown][] = Object.entries(value);
  const scalars = Array.isArray(value) && entries.every(([, item]) => typeof item !== "object");
  if (scalars) return [`${path}: ${value.join(", ")}`];
  return entries.flatMap(([key, item]) => lines(item, path === "" ? key : `${path}.${key}`));
}
