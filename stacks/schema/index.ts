import { z } from "zod";
import { domainName, slug } from "./common";
import { machine } from "./machines";
import { host, network, person } from "./places";
import { app, cluster, repository } from "./platform";
import { tailnet } from "./tailnet";

/**
 * The shape of an organisation's estate, strict: an unknown key is a mistake, not a comment. What a shape cannot
 * say (references, addresses, one GPU for one VM) is checked in stacks/checks.
 */
export const estateSchema = z.strictObject({
  /** Short name of the organisation; part of names in systems shared by several. */
  org: slug,
  /** The domain of public names. */
  domain: domainName,
  people: z.record(slug, person).default({}),
  networks: z.record(slug, network).default({}),
  hosts: z.record(slug, host).default({}),
  machines: z.record(slug, machine).default({}),
  tailnet,
  clusters: z.record(slug, cluster).default({}),
  apps: z.record(slug, app).default({}),
  repositories: z.record(slug, repository).default({}),
});

/** A spec as it is written: optional fields may be left out. */
export type EstateInput = z.input<typeof estateSchema>;
/** A spec with its defaults filled in, before its references are checked. */
export type EstateShape = z.output<typeof estateSchema>;
