import { z } from "zod";
import type { Json, Server } from "./model";

const words = z.array(z.string()).readonly();
const table = <T extends z.ZodType>(of: T) => z.record(z.string(), of).readonly();
const json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json).readonly(), z.record(z.string(), json)]),
);

/** A protocol may be written as a number without quotes. */
const protocol = z.union([z.string(), z.number().int().transform(String)]);

const acl = { action: z.literal("accept"), proto: protocol.exactOptional(), src: words, dst: words };
const grant = {
  src: words,
  dst: words,
  ip: words.exactOptional(),
  app: table(z.array(json).readonly()).exactOptional(),
  via: words.exactOptional(),
};
const sshRule = {
  action: z.preprocess((value) => (typeof value === "string" ? value.trim() : value), z.enum(["accept", "check"])),
  src: words,
  dst: words,
  users: words,
  checkPeriod: z.string().exactOptional(),
  acceptEnv: words.exactOptional(),
};
const autoApprovers = { routes: table(words).exactOptional(), exitNode: words.exactOptional() };
const nodeAttr = { target: words, attr: words.exactOptional(), ipPool: words.exactOptional() };
const test = {
  src: z.string(),
  proto: protocol.exactOptional(),
  accept: words.exactOptional(),
  deny: words.exactOptional(),
};
const sshTest = {
  src: z.string(),
  dst: words,
  accept: words.exactOptional(),
  deny: words.exactOptional(),
  check: words.exactOptional(),
};

/** What Headscale 0.29 reads (hscontrol/policy/v2/types.go, Policy); it refuses every other field. */
const headscale = {
  groups: table(words).exactOptional(),
  hosts: table(z.string()).exactOptional(),
  tagOwners: table(words).exactOptional(),
  acls: z
    .array(z.strictObject({ ...acl, action: acl.action.default("accept") }))
    .readonly()
    .exactOptional(),
  grants: z.array(z.strictObject(grant)).readonly().exactOptional(),
  ssh: z.array(z.strictObject(sshRule)).readonly().exactOptional(),
  autoApprovers: z.strictObject(autoApprovers).exactOptional(),
  nodeAttrs: z.array(z.strictObject(nodeAttr)).readonly().exactOptional(),
  tests: z.array(z.strictObject(test)).readonly().exactOptional(),
  sshTests: z.array(z.strictObject(sshTest)).readonly().exactOptional(),
  randomizeClientPort: z.boolean().exactOptional(),
};

const posture = { srcPosture: words.exactOptional() };
const postureAttrs = { srcPostureAttrs: table(json).exactOptional() };
const recording = { recorder: words.exactOptional(), enforceRecorder: z.boolean().exactOptional() };

/** What Tailscale reads on top: https://tailscale.com/kb/1337/policy-syntax */
const tailscale = {
  ...headscale,
  acls: z
    .array(z.strictObject({ ...acl, ...posture }))
    .readonly()
    .exactOptional(),
  grants: z
    .array(z.strictObject({ ...grant, ...posture }))
    .readonly()
    .exactOptional(),
  ssh: z
    .array(z.strictObject({ ...sshRule, ...posture, ...recording }))
    .readonly()
    .exactOptional(),
  nodeAttrs: z
    .array(z.strictObject({ ...nodeAttr, app: table(json).exactOptional() }))
    .readonly()
    .exactOptional(),
  tests: z
    .array(z.strictObject({ ...test, ...postureAttrs }))
    .readonly()
    .exactOptional(),
  sshTests: z
    .array(z.strictObject({ ...sshTest, ...postureAttrs }))
    .readonly()
    .exactOptional(),
  postures: table(words).exactOptional(),
  defaultSrcPosture: words.exactOptional(),
  ipsets: table(words).exactOptional(),
  disableIPv4: z.boolean().exactOptional(),
  OneCGNATRoute: z.string().exactOptional(),
  derpMap: json.exactOptional(),
};

export const policySchemas = { headscale: z.strictObject(headscale), tailscale: z.strictObject(tailscale) };

type Fields = Readonly<Record<string, readonly string[]>>;

const tailscaleRules: Fields = {
  acls: [...Object.keys(acl), "srcPosture"],
  grants: [...Object.keys(grant), "srcPosture"],
  ssh: [...Object.keys(sshRule), "srcPosture", ...Object.keys(recording)],
  nodeAttrs: [...Object.keys(nodeAttr), "app"],
  tests: [...Object.keys(test), "srcPostureAttrs"],
  sshTests: [...Object.keys(sshTest), "srcPostureAttrs"],
  autoApprovers: Object.keys(autoApprovers),
};

const headscaleRules: Fields = {
  acls: Object.keys(acl),
  grants: Object.keys(grant),
  ssh: Object.keys(sshRule),
  nodeAttrs: Object.keys(nodeAttr),
  tests: Object.keys(test),
  sshTests: Object.keys(sshTest),
  autoApprovers: Object.keys(autoApprovers),
};

/** The fields that a server knows, of the policy itself and of the entries of each section. */
export const knownFields: Readonly<Record<Server, { readonly top: readonly string[]; readonly sections: Fields }>> = {
  headscale: { top: Object.keys(headscale), sections: headscaleRules },
  tailscale: { top: Object.keys(tailscale), sections: tailscaleRules },
};
