import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { wouldBeLost } from "../../components/protection.rules";
import { tokens } from "../../components/tokens";
import { message } from "../message";
import { vmTypes } from "../proxmox";
import { at, listAt, text } from "../reading";

/** What the rule remembers of the components registered so far: a parent is always registered before its children. */
interface Seen {
  readonly parents: Map<string, string | undefined>;
  /** What each estate says of itself, by URN. */
  readonly protection: Map<string, unknown>;
  /** The role that a component gives the VMs below it, by URN. */
  readonly roles: Map<string, string>;
}

/**
 * What cannot be made again is protected against deletion (`protect`), in every estate that does not say that it is
 * throw-away: the property `protection` of its root component. The pack's configuration `{ "estate-lifecycle-require-
 * protection": { "protection": "required" } }` asks for it whatever the estate says.
 *
 * It is a rule over single resources, because the engine shows the inputs of components only there; what the root
 * component said is remembered until its children come.
 *
 * Unknown at preview: a `protection` that is unknown counts as required, and tags that are unknown are made up for by the
 * role in the VM component's own arguments. Absent: required as well.
 */
export function createRequireProtection(): ResourceValidationPolicy {
  const seen: Seen = { parents: new Map(), protection: new Map(), roles: new Map() };
  return {
    name: "estate-lifecycle-require-protection",
    description: "What cannot be made again is protected against deletion.",
    enforcementLevel: "mandatory",
    severity: "high",
    configSchema: {
      properties: {
        protection: { type: "string", enum: ["as-declared", "required"], default: "as-declared" },
      },
    },
    remediationSteps: "Set protect on the resource or on a component above it.",
    url: "https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
    validateResource: (args, reportViolation) => {
      remember(args, seen);
      if (args.opts.protect) return;
      const loss = lossOf(args, seen);
      const { protection } = args.getConfig<{ protection?: string }>();
      if (loss === undefined || (protection !== "required" && isThrowAway(args, seen))) return;
      reportViolation(
        message({
          what: `${args.name} (${args.type}) is not protected`,
          why: `deleting or replacing it by accident would lose ${loss}`,
          allowed: "protect: true; without it only in an estate that says protection: false of itself",
          remedy: "set protect on it, or on the component it belongs to, whose children inherit it",
        }),
      );
    },
  };
}

/** The rule, with its memory of this run: the engine starts a process of its own for each run. */
export const requireProtection = createRequireProtection();

function remember({ urn, type, props, opts }: ResourceValidationArgs, { parents, protection, roles }: Seen): void {
  parents.set(urn, opts.parent);
  if (type === tokens.estate) protection.set(urn, at(props, "protection"));
  const role = type === tokens.headscaleHub ? "headscale-hub" : text(at(props, "vm", "role"));
  if (role !== undefined) roles.set(urn, role);
}

function lossOf({ urn, type, props }: ResourceValidationArgs, seen: Seen): string | undefined {
  if (!vmTypes.has(type)) return wouldBeLost(type);
  const tags = listAt(props, "tags").flatMap((tag) => text(tag) ?? []);
  const given = ancestors(urn, seen).flatMap((ancestor) => seen.roles.get(ancestor) ?? []);
  return wouldBeLost(type, [...tags, ...given]);
}

function isThrowAway({ urn }: ResourceValidationArgs, seen: Seen): boolean {
  return ancestors(urn, seen).some((ancestor) => seen.protection.get(ancestor) === false);
}

function ancestors(urn: string, seen: Seen): string[] {
  const found: string[] = [];
  for (let parent = seen.parents.get(urn); parent !== undefined; parent = seen.parents.get(parent)) found.push(parent);
  return found;
}
