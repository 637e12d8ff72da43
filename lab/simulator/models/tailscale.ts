import { parse } from "jsonc-parser";
import { z } from "zod";
import { derive, objectsOf, type WorldData } from "../../world";
import type { Model, PackageModels, Placed, Subject } from "../model";
import { get, type PropertyMap, textAt, type Value } from "../values";

// tailscale 0.29.1: names and kinds of outputs and the secret ones from the SDK's types; ids, defaults, what replaces and what
// is refused from the Terraform provider's source (tailscale/terraform-provider-tailscale, resource_*.go), forms of ids and
// keys from https://tailscale.com/api. Policy, settings and DNS are there once per tailnet, and deleting one leaves it.

const token = (name: string) => `tailscale:index/${name.charAt(0).toLowerCase()}${name.slice(1)}:${name}`;
/** A made-up moment, always the same one: a second up must not see another time. */
const then = "2026-01-01T00:00:00Z";

const made = (subject: Subject, what: string) => derive(subject.salt, "tailscale", what, subject.urn);

function uuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Ids of keys and clients: the letter k, letters and digits, CNTRL. */
const controlId = (hex: string): string => `k${hex.slice(0, 12)}CNTRL`;

/** The provider asks the API about the policy before it sets it; of that, what can be said without one. */
const acl: Model = {
  form: uuid,
  refuse: ({ inputs }) => {
    const text = get(inputs, "acl");
    return text === "" ? [{ property: "acl", reason: "Invalid ACL: the policy is empty" }] : [];
  },
  verify: ({ id, inputs }, world) => {
    const others = Object.keys(objectsOf(world, token("Acl"))).filter((other) => other !== id);
    if (others.length === 0 || get(inputs, "overwriteExistingContent") === true) return;
    throw new Error(
      "Overwrite Protected: You are trying to overwrite a non-default policy. " +
        "Please import the ACL first or set overwrite_existing_content = true.",
    );
  },
};

const key: Model = {
  form: controlId,
  replaceOn: ["reusable", "ephemeral", "tags", "preauthorized", "expiry", "description"],
  computed: ["createdAt", "expiresAt", "invalid", "key"],
  chosen: ["userId"],
  secret: ["key"],
  defaults: { description: "", ephemeral: false, expiry: 7_776_000, preauthorized: false, reusable: false, tags: [] },
  refuse: ({ inputs }) => [
    ...(lengthOf(get(inputs, "description")) > 50
      ? [{ property: "description", reason: "description string length must be at most 50" }]
      : []),
    ...(["", "always", "never", undefined].includes(textOf(get(inputs, "recreateIfInvalid")))
      ? []
      : [{ property: "recreateIfInvalid", reason: 'recreate_if_invalid value must be one of: "", "always", "never"' }]),
  ],
  verify: needTags,
  state: (subject) => {
    const id = controlId(made(subject, "key id"));
    return {
      createdAt: then,
      expiresAt: "2099-01-01T00:00:00Z",
      invalid: false,
      key: `tskey-auth-${id}-${made(subject, "key").slice(0, 32)}`,
      // Keys that an OAuth client makes belong to nobody.
      userId: "",
    };
  },
};

/** A key of an OAuth client must give tags, and may give those that the policy knows. */
function needTags({ inputs }: Placed, world: WorldData): void {
  const value = get(inputs, "tags");
  const tags = Array.isArray(value) ? value.flatMap((tag) => (typeof tag === "string" ? [tag] : [])) : [];
  if (tags.length === 0) throw new Error("Error creating tailnet key: tailnet-owned auth key must have tags set (400)");
  const owned = Object.values(objectsOf(world, token("Acl"))).flatMap(({ acl: text }) => ownedTags(text));
  if (tags.every((tag) => owned.includes(tag))) return;
  const listed = tags.join(" ");
  throw new Error(`Error creating tailnet key: requested tags [${listed}] are invalid or not permitted (400)`);
}

const policyShape = z.object({ tagOwners: z.record(z.string(), z.unknown()).catch({}) }).catch({ tagOwners: {} });

/** Policies may have comments. */
function ownedTags(text: unknown): string[] {
  const policy: unknown = typeof text === "string" ? parse(text) : undefined;
  return Object.keys(policyShape.parse(policy).tagOwners);
}

const settings: Model = {
  form: uuid,
  chosen: [
    "aclsExternalLink",
    "aclsExternallyManagedOn",
    "devicesApprovalOn",
    "devicesAutoUpdatesOn",
    "devicesKeyDurationDays",
    "httpsEnabled",
    "networkFlowLoggingOn",
    "postureIdentityCollectionOn",
    "regionalRoutingOn",
    "usersApprovalOn",
    "usersRoleAllowedToJoinExternalTailnet",
  ],
  // What a tailnet has that nobody has touched; chosen, because the provider reads all of them back.
  state: () => ({
    aclsExternalLink: "",
    aclsExternallyManagedOn: false,
    devicesApprovalOn: false,
    devicesAutoUpdatesOn: false,
    devicesKeyDurationDays: 180,
    httpsEnabled: false,
    networkFlowLoggingOn: false,
    postureIdentityCollectionOn: false,
    regionalRoutingOn: false,
    usersApprovalOn: false,
    usersRoleAllowedToJoinExternalTailnet: "admin",
  }),
};

const dnsConfiguration: Model = {
  form: uuid,
  defaults: { magicDns: true, overrideLocalDns: false, searchPaths: [] },
};

const client = (more: Model): Model => ({
  form: controlId,
  computed: ["createdAt", "updatedAt", ...(more.computed ?? [])],
  volatile: ["updatedAt"],
  chosen: ["userId", ...(more.chosen ?? [])],
  defaults: { description: "", tags: [] },
  ...(more.secret === undefined ? {} : { secret: more.secret }),
  state: (subject) => ({ createdAt: then, updatedAt: then, userId: "", ...more.state?.(subject) }),
});

const resources = new Map<string, Model>([
  [token("Acl"), acl],
  [token("TailnetKey"), key],
  [token("TailnetSettings"), settings],
  [token("DnsConfiguration"), dnsConfiguration],
  [
    token("OauthClient"),
    client({
      computed: ["key"],
      secret: ["key"],
      state: (subject): PropertyMap => ({ key: `tskey-client-${made(subject, "client").slice(0, 32)}` }),
    }),
  ],
  [
    token("FederatedIdentity"),
    client({
      chosen: ["audience", "customClaimRules"],
      state: (subject): PropertyMap => ({
        audience: `api.tailscale.com/${made(subject, "audience").slice(0, 16)}`,
        customClaimRules: {},
      }),
    }),
  ],
]);

function textOf(value: Value | undefined): string | undefined {
  return typeof value === "string" || value === undefined ? value : "";
}

function lengthOf(value: Value | undefined): number {
  return typeof value === "string" ? value.length : 0;
}

/** No device ever joins a simulated tailnet. */
const device = (args: PropertyMap): PropertyMap => {
  const asked =
    textAt(args, "hostname") === "" ? `name=${textAt(args, "name")}` : `hostname=${textAt(args, "hostname")}`;
  throw new Error(`Failed to fetch devices: could not find device with ${asked}`);
};

export const tailscale: PackageModels = {
  resource: (type) => resources.get(type),
  invokes: new Map([
    ["tailscale:index/getDevice:getDevice", device],
    ["tailscale:index/getDevices:getDevices", () => ({ devices: [] })],
  ]),
};
