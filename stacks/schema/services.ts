import { z } from "zod";
import { domainName, port, principal, slug } from "./common";

/** Who passes Cloudflare Access: at least one of e-mail domains, e-mail addresses or groups of the estate's people. */
const access = z
  .strictObject({
    /** Everybody with an e-mail address in one of these domains. @default none */
    emailDomains: z.array(domainName).min(1).optional(),
    /** These people, by e-mail address. @default none */
    emails: z
      .array(z.email({ error: "expected an e-mail address" }))
      .min(1)
      .optional(),
    /** Everybody in these groups of the estate. @default none */
    groups: z.array(slug).min(1).optional(),
    /** How long a login lasts. @default "12 hours" */
    session: z.enum(["1 hours", "8 hours", "12 hours", "24 hours"]).default("12 hours"),
  })
  .refine((rule) => rule.emailDomains !== undefined || rule.emails !== undefined || rule.groups !== undefined, {
    error: "expected emailDomains, emails or groups: a rule that admits nobody in particular admits everybody",
  });

/** A service on the internet: always through a Cloudflare tunnel, always behind Access. */
const publication = z.strictObject({
  /** The name below the estate's domain: "demo" becomes demo.<domain>. */
  host: slug,
  /** Who is let in. Optional in the shape only: the loader refuses a public service without it. */
  access: access.optional(),
});

/** One port that a machine or app serves, and to whom. Everything else follows from it: tailnet rules, firewall, network policies, Access. */
export const service = z.strictObject({
  port,
  /** @default "tcp" */
  protocol: z.enum(["tcp", "udp"]).default("tcp"),
  /** Who reaches it over the tailnet. @default nobody */
  to: z.array(principal).default([]),
  /** Reachable from the internet through the tunnel. @default not public */
  public: publication.optional(),
});

export const services = z.record(slug, service);
