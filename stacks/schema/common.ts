import { z } from "zod";

/** A key that becomes part of resource names, DNS names and tailnet tags: lower case, digits, hyphens. */
export const slug = text(
  /^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$/,
  "expected lower-case letters, digits and hyphens, starting with a letter (at most 50)",
);

const quantityOfMemory = { error: 'expected whole gibibytes with their unit, for example "32 GiB"' };
/** An amount of memory, disk or VRAM: whole gibibytes, written with their unit, for example "32 GiB". */
export const gibibytes = z
  .templateLiteral([z.number(), " GiB"], quantityOfMemory)
  .refine(isWholeAndPositive, quantityOfMemory);

/** A template literal checks the shape of its number only: "0 GiB" and "-4 GiB" have it. */
function isWholeAndPositive(quantity: string): boolean {
  return /^[1-9][0-9]* /.test(quantity);
}

/** A quantity in gibibytes as it stands in a spec: "32 GiB". */
export type Gibibytes = z.infer<typeof gibibytes>;

/** The number in a quantity: parseGibibytes("32 GiB") is 32. */
export function parseGibibytes(quantity: Gibibytes): number {
  return Number.parseInt(quantity, 10);
}

const quantityOfTime = { error: 'expected a whole number and minutes, hours or days, for example "24 hours"' };
/** A length of time with its unit, for example "24 hours" or "30 days". */
export const duration = z
  .templateLiteral([z.number(), " ", z.enum(["minutes", "hours", "days"])], quantityOfTime)
  .refine(isWholeAndPositive, quantityOfTime);

/** A length of time as it stands in a spec: "24 hours". */
export type Duration = z.infer<typeof duration>;

export const ipv4 = z.ipv4({ error: "expected an IPv4 address, for example 192.168.10.2" });
export const cidrv4 = z.cidrv4({ error: "expected an IPv4 network, for example 192.168.10.0/24" });
const portRange = { error: "expected a port from 1 to 65535" };
export const port = z.int(portRange).min(1, portRange).max(65535, portRange);

/** A DNS name such as powerfulmoves.ai. */
export const domainName = text(
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
  "expected a DNS name in lower case, for example example.org",
);

/** Who may reach a service: a group of people, a tailnet tag, one person, or one machine. */
export const principal = text(
  /^(group|tag|person|machine):[a-z]([a-z0-9-]{0,48}[a-z0-9])?$/,
  "expected group:NAME, tag:NAME, person:NAME or machine:NAME",
);

/** A text in a form, with the same words whether it is missing, no text, or in another form. */
function text(form: RegExp, error: string): z.ZodString {
  return z.string({ error }).regex(form, { error });
}
