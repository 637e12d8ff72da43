import { dnsConfig, type HubDns } from "./hub.dns";

/** What of the hub's configuration an estate decides. */
export interface HubConfigArgs {
  /** Where nodes join and the API is: https://headscale.example.org, with a port when it is not 443. */
  readonly loginServer: string;
  /** Base domain of MagicDNS; the name in loginServer must not end with it. */
  readonly baseDomain: string;
  /** Where its certificate comes from. */
  readonly certificate: { readonly kind: "lets-encrypt"; readonly email: string } | { readonly kind: "given" };
  /** Reverse proxies (CIDRs) whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /**
   * Names and resolvers of the tailnet beyond MagicDNS.
   * @default none: machines keep their own resolvers
   */
  readonly dns?: HubDns | undefined;
}

/** Where headscale keeps everything that would be lost with it. */
export const stateFolder = "/var/lib/headscale";
export const configFile = "/etc/headscale/config.yaml";
export const certificateFiles = { chain: "/etc/headscale/tls.crt", key: "/etc/headscale/tls.key" } as const;

/**
 * Headscale's config.yaml, hardened. Every key is one of
 * https://github.com/juanfont/headscale/blob/v0.29.1/config-example.yaml; a key left out has Headscale's own default.
 */
export function hubConfig({ loginServer, baseDomain, certificate, trustedProxies, dns }: HubConfigArgs) {
  const { hostname, port } = new URL(loginServer);
  return {
    server_url: loginServer,
    listen_addr: `0.0.0.0:${port === "" ? "443" : port}`,
    // Nothing but the tailnet's own protocol and the API faces the network: metrics and gRPC stay on the hub.
    metrics_listen_addr: "127.0.0.1:9090",
    grpc_listen_addr: "127.0.0.1:50443",
    grpc_allow_insecure: false,
    trusted_proxies: trustedProxies,
    noise: { private_key_path: `${stateFolder}/noise_private.key` },
    prefixes: { v4: "100.64.0.0/10", v6: "fd7a:115c:a1e0::/48", allocation: "sequential" },
    derp: derpConfig(),
    disable_check_updates: true,
    node: {
      // People's devices prove themselves again twice a year; tagged machines are exempt. Tailscale's own default.
      expiry: "180d",
      ephemeral: { inactivity_timeout: "10m" },
    },
    database: {
      type: "sqlite",
      // Values stay out of logged queries; keys are among them.
      gorm: { parameterized_queries: true, prepare_stmt: true, skip_err_record_not_found: true },
      sqlite: { path: `${stateFolder}/db.sqlite`, write_ahead_log: true },
    },
    ...tlsConfig(hostname, certificate),
    log: { level: "info", format: "text" },
    // The policy is set through the API, and nothing on the hub can be edited past it.
    policy: { mode: "database" },
    dns: { magic_dns: true, base_domain: baseDomain, ...dnsConfig(dns) },
    unix_socket: "/var/run/headscale/headscale.sock",
    unix_socket_permission: "0770",
    logtail: { enabled: false },
    // Files between nodes would be a way past what machines declare to serve.
    taildrop: { enabled: false },
  };
}

/** The hub's own relay, for its own nodes only, in place of Tailscale's: https://headscale.net/stable/ref/derp/ */
function derpConfig() {
  return {
    server: {
      enabled: true,
      region_id: 999,
      region_code: "headscale",
      region_name: "Headscale Embedded DERP",
      verify_clients: true,
      stun_listen_addr: "0.0.0.0:3478",
      private_key_path: `${stateFolder}/derp_server_private.key`,
      automatically_add_embedded_derp_region: true,
    },
    urls: [],
    paths: [],
    auto_update_enabled: false,
  };
}

/** Let's Encrypt by TLS-ALPN-01, which needs port 443 only: https://headscale.net/stable/ref/tls/ */
function tlsConfig(hostname: string, certificate: HubConfigArgs["certificate"]) {
  if (certificate.kind === "given") {
    return { tls_cert_path: certificateFiles.chain, tls_key_path: certificateFiles.key };
  }
  return {
    acme_url: "https://acme-v02.api.letsencrypt.org/directory",
    acme_email: certificate.email,
    tls_letsencrypt_hostname: hostname,
    tls_letsencrypt_cache_dir: `${stateFolder}/cache`,
    tls_letsencrypt_challenge_type: "TLS-ALPN-01",
  };
}
