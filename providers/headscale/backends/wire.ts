import { z } from "zod";

// Shapes of the REST API of Headscale 0.29.1 (proto/headscale/v1/*.proto through grpc-gateway: names in camelCase, uint64 as
// text, timestamps as RFC 3339, empty values present). Only what is used is read; fields that later versions add are ignored.

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const texts = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const id = z.union([z.string(), z.number()]).transform(String);
/** Go's zero time stands for "none". */
const time = z
  .string()
  .nullish()
  .transform((value) => (value === null || value?.startsWith("0001-01-01T") ? undefined : value));

const user = z
  .object({ id, name: text, displayName: text, email: text, providerId: text })
  .transform(({ providerId, ...rest }) => ({ ...rest, external: providerId !== "" }));
const preAuthKey = z
  .object({
    id,
    user: user.nullish(),
    key: text,
    reusable: flag,
    ephemeral: flag,
    used: flag,
    expiration: time,
    aclTags: texts,
  })
  .transform(({ user: owner, key, aclTags, ...rest }) => ({ ...rest, user: owner?.id, masked: key, tags: aclTags }));
/** Listed as "hskey-api-<prefix>-***", or "<prefix>***" for keys of older servers; the path of a deletion takes the prefix. */
const prefix = text.transform((value) => value.replace(/^hskey-api-/, "").replace(/-?\*+$/, ""));
/** It has a field lastSeen too, but 0.29.1 never fills it: whether a key is in use cannot be known. */
const apiKey = z.object({ id, prefix, expiration: time });
const node = z
  .object({
    id,
    givenName: text,
    name: text,
    user: z.object({ id }).nullish(),
    tags: texts,
    ipAddresses: texts,
    approvedRoutes: texts,
    availableRoutes: texts,
    online: flag,
    lastSeen: time,
    expiry: time,
    preAuthKey: z.object({ id, ephemeral: flag }).nullish(),
  })
  .transform(({ name, user: owner, ipAddresses, preAuthKey: key, ...rest }) => ({
    ...rest,
    hostname: name,
    // The list names users as they were called when the machine was last written; only their ids can be relied on.
    user: owner?.id,
    addresses: ipAddresses,
    preAuthKey: key?.id,
    ephemeral: key?.ephemeral ?? false,
  }));

/** What each answer must be. */
export const wire = {
  version: z.object({ version: z.string() }),
  users: z.object({ users: z.array(user) }).transform(({ users }) => users),
  user: z.object({ user }).transform((answer) => answer.user),
  preAuthKeys: z.object({ preAuthKeys: z.array(preAuthKey) }).transform(({ preAuthKeys }) => preAuthKeys),
  preAuthKey: z.object({ preAuthKey }).transform((answer) => answer.preAuthKey),
  apiKeys: z.object({ apiKeys: z.array(apiKey) }).transform(({ apiKeys }) => apiKeys),
  apiKey: z.object({ apiKey: z.string() }).transform((answer) => answer.apiKey),
  policy: z.object({ policy: text }).transform(({ policy }) => policy),
  nodes: z.object({ nodes: z.array(node) }).transform(({ nodes }) => nodes),
  nothing: z.unknown().transform(() => undefined),
} as const;
