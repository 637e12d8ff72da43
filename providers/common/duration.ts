import { z } from "zod";

const milliseconds = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 } as const;

/** A length of time with its unit: "30 minutes", "24 hours", "90 days". */
export type Duration = `${number} minutes` | `${number} hours` | `${number} days`;

/** Schema of a length of time. A template literal of zod would take "0 hours" and "-1 days" too. */
export const duration = z.string().regex(/^[1-9]\d* (minutes|hours|days)$/, {
  error: (issue) =>
    `${JSON.stringify(issue.input)} is no length of time; write a whole number and minutes, hours or days, for example "24 hours"`,
});

/** @throws Error when the text is no length of time */
export function durationToMilliseconds(text: string): number {
  const [, count, unit] = /^(\d+) (minutes|hours|days)$/.exec(text) ?? [];
  if (count === undefined || (unit !== "minutes" && unit !== "hours" && unit !== "days"))
    throw new Error(`${JSON.stringify(text)} is no length of time`);
  return Number(count) * milliseconds[unit];
}
