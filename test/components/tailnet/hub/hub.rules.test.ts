import { parse, stringify } from "yaml";
import { planHostHub } from "../../../../components/tailnet/hub/hub.plan";
import { hubConfigProblems } from "../../../../components/tailnet/hub/hub.rules";

const hardened = planHostHub("hub", "root", {
  domain: "estate.example",
  baseDomain: "tailnet.estate.example",
  certificate: { kind: "given" },
  trustedProxies: ["10.0.0.7/32"],
}).config;

/** The hardened configuration with one key changed, or removed. */
function changed(path: string, value: unknown): string {
  const config: unknown = parse(hardened);
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  const parent = keys.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : at),
    config,
  );
  if (typeof parent !== "object" || parent === null) throw new Error(`no place for ${path}`);
  if (value === undefined) Reflect.deleteProperty(parent, last);
  else Reflect.set(parent, last, value);
  return stringify(config);
}

const cases: readonly (readonly [string, unknown, string | undefined])[] = [
  ["server_url", "http://hub.example", "is not https://...: keys and the embedded relay would be in the open"],
  ["server_url", undefined, "is not https://...: keys and the embedded relay would be in the open"],
  ["grpc_listen_addr", "0.0.0.0:50443", "is not on loopback: the administration interface would face the network"],
  ["grpc_listen_addr", undefined, "is not on loopback: the administration interface would face the network"],
  [
    "grpc_listen_addr",
    "127.evil.example:50443",
    "is not on loopback: the administration interface would face the network",
  ],
  ["grpc_listen_addr", "[::1]:50443", undefined],
  ["grpc_allow_insecure", true, "is on: API keys would be sent unencrypted"],
  ["grpc_allow_insecure", undefined, undefined],
  [
    "metrics_listen_addr",
    ":9090",
    "is not on loopback: metrics and debug pages, which name every node, would face the network",
  ],
  ["metrics_listen_addr", "", undefined],
  ["metrics_listen_addr", undefined, undefined],
  [
    "trusted_proxies",
    ["0.0.0.0/0"],
    "holds what is no single proxy or small network (at least /8 for IPv4, /24 for IPv6): clients could forge the address they come from",
  ],
  [
    "trusted_proxies",
    ["2000::/3"],
    "holds what is no single proxy or small network (at least /8 for IPv4, /24 for IPv6): clients could forge the address they come from",
  ],
  [
    "trusted_proxies",
    "10.0.0.7",
    "holds what is no single proxy or small network (at least /8 for IPv4, /24 for IPv6): clients could forge the address they come from",
  ],
  ["trusted_proxies", undefined, undefined],
  ["derp.server.verify_clients", false, "is off: the relay would serve anybody on the internet"],
  ["derp.server.verify_clients", undefined, undefined],
  ["policy.mode", "file", 'is not "database": the policy would be a file that is managed past the API'],
  ["policy.mode", undefined, 'is not "database": the policy would be a file that is managed past the API'],
  ["logtail.enabled", true, "is on: nodes would send their logs to Tailscale Inc."],
  ["logtail.enabled", undefined, undefined],
  [
    "database.gorm.parameterized_queries",
    undefined,
    "is not on: values of queries, keys among them, would be in the log",
  ],
  ["node.expiry", "0", "is not set: people's devices would stay in for ever"],
  ["node.expiry", undefined, "is not set: people's devices would stay in for ever"],
];

test("what the estate renders is hardened", () => {
  expect(hubConfigProblems(hardened)).toEqual([]);
});

test.each(cases)("%s: %j", (key, value, problem) => {
  expect(hubConfigProblems(changed(key, value))).toEqual(problem === undefined ? [] : [{ key, problem }]);
});

test("somebody has to speak TLS: the server, or a trusted proxy", () => {
  const without = changed("tls_cert_path", undefined);
  expect(hubConfigProblems(without)).toEqual([]);
  const problem = "is missing, as are Let's Encrypt and a trusted proxy: nothing would speak TLS";
  expect(hubConfigProblems(without.replace("10.0.0.7/32", "").replace("trusted_proxies:\n  - ", "x:\n  - "))).toEqual([
    { key: "tls_cert_path", problem },
  ]);
});

test("a relay that is off may serve whom it likes", () => {
  const config = changed("derp.server.verify_clients", false).replace(
    "enabled: true\n    region_id",
    "enabled: false\n    region_id",
  );
  expect(hubConfigProblems(config)).toEqual([]);
});

test.each(["", "- a list", "a text", "a: [", "null"])("%j is no configuration", (text) => {
  expect(hubConfigProblems(text)).toEqual([
    { key: "(file)", problem: "cannot be read as YAML with keys, so nothing can be said about it" },
  ]);
});
