import type { Draft } from "./policies";

/** Something that a server may or may not refuse: that is for the server to say. */
type Flaw = (draft: Draft) => Draft;

const rule = { action: "accept", src: ["ada@"], dst: ["tag:web:22"] };
const grantRule = { src: ["ada@"], dst: ["tag:web"], ip: ["tcp:22"] };
const sshRule = { action: "accept", src: ["ada@"], dst: ["tag:web"], users: ["root"] };

const plus = (field: "acls" | "grants" | "ssh", value: object): Flaw => {
  return (draft) => ({ ...draft, [field]: [...(draft[field] ?? []), value] });
};
const acl = (value: object): Flaw => plus("acls", { ...rule, ...value });
const grant = (value: object): Flaw => plus("grants", { ...grantRule, ...value });
const ssh = (value: object): Flaw => plus("ssh", { ...sshRule, ...value });
const top =
  (value: object): Flaw =>
  (draft) => ({ ...draft, ...value });

const ports = ["0", "0-0", "80-79", "70000", "a", "80-", "-80", "1-2-3", "80,", ",80", "80, 81", "**", "+80", "0-5"];
const destinations = [
  "tag:web",
  ":22",
  "tag:web:",
  "tag:web:22:23",
  "[fd7a:115c:a1e0::1]:22",
  "fd7a:115c:a1e0::1:22",
  "[fd7a:115c:a1e0::]/120:22",
  "[100.64.0.1]:22",
  "nohost:22",
  "tag:nope:22",
  "group:nope:22",
  "nobody@:22",
  "autogroup:danger-all:22",
  "autogroup:admin:22",
  "autogroup:nonroot:22",
  "10.10.0.0/33:22",
  "10.10.0.300:22",
  " tag:web:22",
  "svc:web:22",
  "*:*",
];
const origins = [
  "tag:nope",
  "group:nope",
  "nohost",
  "autogroup:self",
  "autogroup:internet",
  "autogroup:admin",
  "autogroup:nonroot",
  "autogroup:owner",
  "ipset:office",
  "",
  "tag:",
  "ada",
  "user:*@example.com",
  "fd7a:115c:a1e0::/200",
];
const protocols = [
  "*",
  "foo",
  "0",
  "06",
  "255",
  "256",
  "-1",
  "icmp",
  "1",
  "ip-in-ip",
  "ipv4",
  "UDP",
  "Icmp",
  "fc",
  " tcp",
];
const openings = [
  "TCP:22",
  "tcp:0",
  "icmp:22",
  "1:22",
  "tcp:",
  ":22",
  "",
  "tcp:22:23",
  "*:22",
  "foo:22",
  "tcp:*",
  "06:1",
  "53-",
  "0",
];

const forSelf = ["tag:web", "autogroup:tagged", "100.64.0.1", "lan", "*", "autogroup:danger-all"];

const tables: readonly Flaw[] = [
  top({ extra: true }),
  top({ randomizeClientPort: true }),
  top({ randomizeClientPort: "yes" }),
  top({ groups: { dev: ["ada@"] } }),
  top({ groups: { "group:dev": ["ada"], "group:ops": [] } }),
  top({ groups: { "group:dev": ["group:ops"], "group:ops": [], "group:none": [], "group:gone": [] } }),
  top({ groups: { "group:dev": "ada@", "group:ops": [], "group:none": [], "group:gone": [] } }),
  top({ hosts: { lan: "10.10.0.0/99" } }),
  top({ hosts: { "a:b": "10.10.0.0/16" } }),
  top({ hosts: { "a@b": "10.10.0.0/16" } }),
  top({ tagOwners: { web: ["ada@"] } }),
  top({ tagOwners: { "tag:1": ["ada@"] } }),
  top({ tagOwners: { "tag:web": ["ada"] } }),
  top({ tagOwners: { "tag:web": ["group:nope"] } }),
  top({ tagOwners: { "tag:web": ["tag:nope"] } }),
  top({ nodeAttrs: [{ target: ["*"], attr: ["funnel"] }] }),
  top({ nodeAttrs: [{ target: ["autogroup:self"], attr: ["magicdns-aaaa"] }] }),
  top({ nodeAttrs: [{ target: ["tag:web"], attr: ["magicdns-aaaa"] }] }),
  top({ nodeAttrs: [{ target: ["tag:web"], ipPool: ["100.80.0.0/16"] }] }),
  top({ autoApprovers: { routes: { "10.0.0.0/8": ["group:nope"] } } }),
  top({ autoApprovers: { routes: { "10.0.0.0": ["ada@"] } } }),
  top({ autoApprovers: { exitNode: ["10.0.0.1"] } }),
  top({ autoApprovers: { exitNode: ["tag:nope"] } }),
];

const accessRules: readonly Flaw[] = [
  ...ports.map((text) => acl({ dst: [`tag:web:${text}`] })),
  ...destinations.map((text) => acl({ dst: [text] })),
  ...origins.map((text) => acl({ src: [text] })),
  ...protocols.map((proto) => acl({ proto })),
  ...protocols.map((proto) => acl({ proto, dst: ["tag:web:*"] })),
  ...forSelf.map((text) => acl({ src: [text], dst: ["autogroup:self:*"] })),
  acl({ action: "deny" }),
  acl({ action: "" }),
  acl({ action: "Accept" }),
  acl({ users: ["ada@"] }),
  acl({ "#note": "for whom" }),
  acl({ src: [] }),
  acl({ dst: [] }),
  acl({ src: "ada@" }),
];

const grants: readonly Flaw[] = [
  ...openings.map((text) => grant({ ip: [text] })),
  ...origins.map((text) => grant({ src: [text] })),
  ...destinations.map((text) => grant({ dst: [text.replace(/:22$/, "")] })),
  ...forSelf.map((text) => grant({ src: [text], dst: ["autogroup:self"] })),
  plus("grants", { src: ["ada@"], dst: ["tag:web"] }),
  grant({ ip: [] }),
  grant({ dst: ["0.0.0.0/0"] }),
  grant({ dst: ["::/0"] }),
  grant({ via: ["ada@"] }),
  grant({ via: ["tag:nope"] }),
  grant({ via: [] }),
  grant({ dst: ["autogroup:self"], via: ["tag:router"] }),
  grant({ app: { "tailscale.com/cap/ingress": [{}] } }),
  grant({ app: { "https://example.com/cap": [{}] } }),
  grant({ app: { "tailscale.com/cap/webui": [{}] } }),
  grant({ dst: ["autogroup:internet"], app: { "example.com/cap/x": [{}] } }),
  grant({ "#note": "for whom" }),
  grant({ action: "accept" }),
];

const sessions: readonly Flaw[] = [
  ssh({ users: [] }),
  ssh({ users: ["*"] }),
  ssh({ users: [""] }),
  ssh({ users: ["localpart:*@example.com"] }),
  ssh({ users: ["localpart:ada"] }),
  ssh({ action: "" }),
  ssh({ action: "deny" }),
  ssh({ action: " accept " }),
  ssh({ checkPeriod: "1h" }),
  ssh({ action: "check", checkPeriod: "200h" }),
  ssh({ action: "check", checkPeriod: "-1h" }),
  ssh({ action: "check", checkPeriod: "1 hour" }),
  ssh({ action: "check", checkPeriod: "0s" }),
  ssh({ acceptEnv: [""] }),
  ssh({ acceptEnv: ["LC_*"] }),
  ssh({ dst: ["*"] }),
  ssh({ dst: ["lan"] }),
  ssh({ dst: ["100.64.0.6"] }),
  ssh({ dst: ["group:dev"] }),
  ssh({ dst: ["tag:nope"] }),
  ssh({ dst: ["autogroup:internet"] }),
  ssh({ dst: ["bob@"] }),
  ssh({ dst: ["ada@"] }),
  ssh({ src: ["tag:web"], dst: ["ada@"] }),
  ssh({ src: ["tag:web"], dst: ["autogroup:self"] }),
  ssh({ src: ["tag:web"], dst: ["autogroup:member"] }),
  ssh({ src: ["autogroup:tagged"], dst: ["autogroup:self"] }),
  ssh({ src: ["group:dev"], dst: ["ada@"] }),
  ssh({ src: ["*"] }),
  ssh({ src: ["100.64.0.1"] }),
  ssh({ src: ["lan"] }),
  ssh({ src: ["autogroup:danger-all"] }),
  ssh({ src: ["group:nope"] }),
  ssh({ src: [] }),
  ssh({ dst: [] }),
  ssh({ ports: ["22"] }),
];

const tests: readonly Flaw[] = [
  top({ tests: [{ src: "ada@" }] }),
  top({ tests: [{ src: "ada@", accept: ["tag:web:80-90"] }] }),
  top({ tests: [{ src: "ada@", accept: ["lan:80"] }] }),
  top({ tests: [{ src: "ada@", proto: "icmp", deny: ["tag:web:80"] }] }),
  top({ tests: [{ src: "ada@", deny: ["autogroup:internet:80"] }] }),
  top({ sshTests: [{ src: "ada@", dst: [], accept: ["root"] }] }),
  top({ sshTests: [{ src: "ada@", dst: ["tag:nope"], deny: ["root"] }] }),
];

export const flaws: readonly Flaw[] = [...tables, ...accessRules, ...grants, ...sessions, ...tests];
