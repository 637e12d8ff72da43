import ipaddr from "ipaddr.js";
import { parse } from "yaml";

/** A setting of Headscale's configuration that opens it more than a hub needs. */
export interface HubConfigProblem {
  /** The key in config.yaml: derp.server.verify_clients */
  readonly key: string;
  /** What is wrong with it, what is allowed and why. Never holds a value that could be secret. */
  readonly problem: string;
}

/** A rule over the value of one key; undefined when the key is absent, which means Headscale's own default. */
type Rule = (value: unknown, config: unknown) => string | undefined;

/**
 * Says in what ways a Headscale configuration is not hardened; an empty list means that it is. Defaults that count when
 * a key is absent: https://github.com/juanfont/headscale/blob/v0.29.1/hscontrol/types/config.go (LoadConfig)
 *
 * @param text config.yaml
 */
export function hubConfigProblems(text: string): readonly HubConfigProblem[] {
  const config = read(text);
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    return [{ key: "(file)", problem: "cannot be read as YAML with keys, so nothing can be said about it" }];
  }
  return Object.entries(rules).flatMap(([key, rule]) => {
    const problem = rule(at(config, key), config);
    return problem === undefined ? [] : [{ key, problem }];
  });
}

const rules: Readonly<Record<string, Rule>> = {
  server_url: (value) =>
    typeof value === "string" && value.startsWith("https://")
      ? undefined
      : "is not https://...: keys and the embedded relay would be in the open",
  tls_cert_path: (value, config) =>
    isText(value) || isText(at(config, "tls_letsencrypt_hostname")) || hasProxy(config)
      ? undefined
      : "is missing, as are Let's Encrypt and a trusted proxy: nothing would speak TLS",
  // Its default is ":50443".
  grpc_listen_addr: (value) =>
    isLoopback(value) ? undefined : "is not on loopback: the administration interface would face the network",
  grpc_allow_insecure: (value) =>
    value === undefined || value === false ? undefined : "is on: API keys would be sent unencrypted",
  metrics_listen_addr: (value) =>
    value === undefined || value === "" || isLoopback(value)
      ? undefined
      : "is not on loopback: metrics and debug pages, which name every node, would face the network",
  trusted_proxies: (value) =>
    value === undefined || isNarrow(value)
      ? undefined
      : "holds what is no single proxy or small network (at least /8 for IPv4, /24 for IPv6): clients could forge " +
        "the address they come from",
  "derp.server.verify_clients": (value, config) =>
    at(config, "derp.server.enabled") !== true || value === undefined || value === true
      ? undefined
      : "is off: the relay would serve anybody on the internet",
  "policy.mode": (value) =>
    value === "database" ? undefined : 'is not "database": the policy would be a file that is managed past the API',
  "logtail.enabled": (value) =>
    value === undefined || value === false ? undefined : "is on: nodes would send their logs to Tailscale Inc.",
  "database.gorm.parameterized_queries": (value) =>
    value === true ? undefined : "is not on: values of queries, keys among them, would be in the log",
  // Its default is 0: never.
  "node.expiry": (value) =>
    isText(value) && value !== "0" ? undefined : "is not set: people's devices would stay in for ever",
};

function hasProxy(config: unknown): boolean {
  const proxies = at(config, "trusted_proxies");
  return Array.isArray(proxies) && proxies.length > 0;
}

function isLoopback(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const host = value.slice(0, value.lastIndexOf(":"));
  return host === "localhost" || host === "[::1]" || (ipaddr.IPv4.isValid(host) && host.startsWith("127."));
}

function isNarrow(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((cidr: unknown) => {
      if (typeof cidr !== "string" || !ipaddr.isValidCIDR(cidr)) return false;
      const [address, prefix] = ipaddr.parseCIDR(cidr);
      return prefix >= (address.kind() === "ipv4" ? 8 : 24);
    })
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function at(value: unknown, key: string): unknown {
  return key.split(".").reduce<unknown>((found, part) => {
    return typeof found === "object" && found !== null ? Reflect.get(found, part) : undefined;
  }, value);
}

function read(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
