import { derive, getObject, objectsOf, type WorldData } from "../../world";
import type { Model, PackageModels, Placed, Subject } from "../model";
import { get, textAt, type PropertyMap } from "../values";

// cloudflare 6.22.1: names and kinds of outputs from the SDK's types, what replaces from the Terraform provider's schemas
// (cloudflare/terraform-provider-cloudflare, RequiresReplace plan modifiers), refusals from the API's error list.

const token = (name: string) => `cloudflare:index/${name.charAt(0).toLowerCase()}${name.slice(1)}:${name}`;
const tunnelType = token("ZeroTrustTunnelCloudflared");
const recordType = token("DnsRecord");
/** A made-up moment, always the same one: a second up must not see another time. */
const then = "2026-01-01T00:00:00Z";

const made = (subject: Subject, what: string) => derive(subject.salt, "cloudflare", what, subject.urn);

function uuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** An id of the API's form that nothing else of the type has: the replacement of a resource lives beside it for a while. */
function uuidModel(model: Model): Model {
  return { form: uuid, ...model };
}

const tunnel = uuidModel({
  replaceOn: ["accountId", "configSrc"],
  computed: [
    "accountTag",
    "connections",
    "connsActiveAt",
    "connsInactiveAt",
    "createdAt",
    "deletedAt",
    "metadata",
    "remoteConfig",
    "status",
    "tunType",
  ],
  secret: ["tunnelSecret"],
  defaults: { configSrc: "local" },
  verify: (subject, world) => {
    refuseTwice(
      subject,
      world,
      tunnelType,
      ["accountId", "name"],
      `you already have a tunnel with this name (1013): ${textAt(subject.inputs, "name")}`,
    );
  },
  state: (subject) => ({
    accountTag: textAt(subject.inputs, "accountId"),
    connections: [],
    createdAt: then,
    metadata: "{}",
    remoteConfig: textAt(subject.inputs, "configSrc") === "cloudflare",
    // No cloudflared has ever connected to a simulated tunnel.
    status: "inactive",
    tunType: "cfd_tunnel",
  }),
});

const tunnelConfig: Model = {
  replaceOn: ["accountId", "tunnelId"],
  computed: ["createdAt", "source", "version"],
  volatile: ["version"],
  id: (subject) => textAt(subject.inputs, "tunnelId"),
  upsert: true,
  verify: (subject, world) => {
    needTunnel(subject, world);
  },
  state: ({ before }) => {
    const version = before === undefined ? 0 : get(before, "version");
    return { createdAt: then, source: "cloudflare", version: typeof version === "number" ? version + 1 : 1 };
  },
};

const dnsRecord: Model = {
  replaceOn: ["zoneId"],
  computed: ["commentModifiedOn", "createdOn", "meta", "modifiedOn", "proxiable", "tagsModifiedOn"],
  defaults: { proxied: false },
  verify: (subject, world) => {
    const same = `An identical record already exists. (81058): ${textAt(subject.inputs, "type")} ${textAt(subject.inputs, "name")}`;
    refuseTwice(subject, world, recordType, ["zoneId", "type", "name", "content"], same);
  },
  state: (subject) => ({
    createdOn: then,
    modifiedOn: then,
    meta: "{}",
    proxiable: ["A", "AAAA", "CNAME"].includes(textAt(subject.inputs, "type")),
  }),
};

const accessApplication = uuidModel({
  replaceOn: ["accountId", "zoneId"],
  computed: ["aud"],
  chosen: ["selfHostedDomains"],
  defaults: { appLauncherVisible: true, httpOnlyCookieAttribute: true, sessionDuration: "24h" },
  state: (subject) => {
    const domain = textAt(subject.inputs, "domain");
    return { aud: made(subject, "aud"), ...(domain === "" ? {} : { selfHostedDomains: [domain] }) };
  },
});

const accessPolicy = uuidModel({
  replaceOn: ["accountId"],
  computed: ["appCount", "createdAt", "reusable", "updatedAt"],
  state: () => ({ appCount: 0, createdAt: then, reusable: true, updatedAt: then }),
});

const serviceToken = uuidModel({
  replaceOn: ["accountId", "zoneId"],
  computed: ["clientId", "clientSecret", "enabled", "expiresAt"],
  volatile: ["expiresAt"],
  secret: ["clientSecret"],
  defaults: { clientSecretVersion: 1, duration: "8760h" },
  state: (subject) => ({
    clientId: `${made(subject, "client id").slice(0, 32)}.access`,
    // Rotation is asked for by a new version of the secret.
    clientSecret: made(subject, `client secret ${JSON.stringify(get(subject.inputs, "clientSecretVersion") ?? 1)}`),
    enabled: true,
    expiresAt: "2027-01-01T00:00:00Z",
  }),
});

function needTunnel(subject: Placed, world: WorldData): void {
  const id = textAt(subject.inputs, "tunnelId");
  if (getObject(world, tunnelType, id) === undefined) throw new Error(`Tunnel not found (1003): ${id}`);
}

/** Throws when another object of the type has the same values. */
function refuseTwice(subject: Placed, world: WorldData, type: string, keys: readonly string[], message: string): void {
  const twin = Object.entries(objectsOf(world, type)).find(
    ([id, object]) => id !== subject.id && keys.every((key) => object[key] === get(subject.inputs, key)),
  );
  if (twin !== undefined) throw new Error(message);
}

const resources = new Map<string, Model>([
  [tunnelType, tunnel],
  [token("ZeroTrustTunnelCloudflaredConfig"), tunnelConfig],
  [
    token("ZeroTrustTunnelCloudflaredRoute"),
    uuidModel({
      replaceOn: ["accountId"],
      computed: ["createdAt", "deletedAt"],
      verify: needTunnel,
      state: () => ({ createdAt: then }),
    }),
  ],
  [recordType, dnsRecord],
  [token("ZeroTrustAccessApplication"), accessApplication],
  [token("ZeroTrustAccessPolicy"), accessPolicy],
  [token("ZeroTrustAccessGroup"), uuidModel({ replaceOn: ["accountId", "zoneId"] })],
  [token("ZeroTrustAccessIdentityProvider"), uuidModel({ replaceOn: ["accountId", "zoneId"], secret: ["config"] })],
  [token("ZeroTrustAccessServiceToken"), serviceToken],
]);

const tunnelToken = (args: PropertyMap, { salt, world }: { salt: string; world: WorldData }): PropertyMap => {
  const tunnelId = textAt(args, "tunnelId");
  if (getObject(world, tunnelType, tunnelId) === undefined) throw new Error(`Tunnel not found (1003): ${tunnelId}`);
  // Of the form of a real token (account, tunnel, secret), with a secret that no tunnel has.
  const parts = { a: textAt(args, "accountId"), t: tunnelId, s: derive(salt, "tunnel token", tunnelId) };
  return { ...args, token: Buffer.from(JSON.stringify(parts)).toString("base64") };
};

export const cloudflare: PackageModels = {
  resource: (type) => resources.get(type),
  invokes: new Map([
    ["cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken", tunnelToken],
  ]),
};
