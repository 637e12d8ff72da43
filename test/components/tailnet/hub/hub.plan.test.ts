import { parse } from "yaml";
import { type HubPlanArgs, planHostHub, planVmHub } from "../../../../components/tailnet/hub/hub.plan";

const letsEncrypt = {
  domain: "estate.example",
  baseDomain: "tailnet.estate.example",
  certificate: { kind: "lets-encrypt", email: "ops@estate.example" },
  trustedProxies: [],
} as const;
const given = { ...letsEncrypt, certificate: { kind: "given" } } as const;

/** Every key of https://github.com/juanfont/headscale/blob/v0.29.1/config-example.yaml that is no comment there. */
const knownKeys = `
  server_url listen_addr metrics_listen_addr grpc_listen_addr grpc_allow_insecure trusted_proxies noise.private_key_path
  prefixes.v4 prefixes.v6 prefixes.allocation derp.server.enabled derp.server.region_id derp.server.region_code
  derp.server.region_name derp.server.verify_clients derp.server.stun_listen_addr derp.server.private_key_path
  derp.server.automatically_add_embedded_derp_region derp.server.ipv4 derp.server.ipv6 derp.urls derp.paths
  derp.auto_update_enabled derp.update_frequency disable_check_updates node.expiry node.ephemeral.inactivity_timeout
  node.routes.ha.probe_interval node.routes.ha.probe_timeout database.type database.debug database.gorm.prepare_stmt
  database.gorm.parameterized_queries database.gorm.skip_err_record_not_found database.gorm.slow_threshold
  database.sqlite.path database.sqlite.write_ahead_log database.sqlite.wal_autocheckpoint acme_url acme_email
  tls_letsencrypt_hostname tls_letsencrypt_cache_dir tls_letsencrypt_challenge_type tls_letsencrypt_listen tls_cert_path
  tls_key_path log.level log.format policy.mode policy.path dns.magic_dns dns.base_domain dns.override_local_dns
  dns.nameservers.global dns.nameservers.split dns.search_domains dns.extra_records dns.extra_records_path unix_socket unix_socket_permission
  logtail.enabled taildrop.enabled auto_update.enabled`
  .trim()
  .split(/\s+/);

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function flat(value: unknown, path = ""): Record<string, unknown> {
  if (!isTable(value)) return { [path]: value };
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => Object.entries(flat(item, path === "" ? key : `${path}.${key}`))),
  );
}

describe("the hub's configuration", () => {
  it.each([["Let's Encrypt", letsEncrypt] as const, ["a given certificate", given] as const])(
    "has no key that Headscale 0.29 does not know (%s)",
    (_, args) => {
      expect(
        Object.keys(flat(parse(planVmHub("hub", "debian-12", args).config))).filter((key) => !knownKeys.includes(key)),
      ).toEqual([]);
    },
  );

  it("is hardened", () => {
    expect(flat(parse(planVmHub("hub", "debian-12", letsEncrypt).config))).toMatchObject({
      server_url: "https://headscale.estate.example",
      listen_addr: "0.0.0.0:443",
      metrics_listen_addr: "127.0.0.1:9090",
      grpc_listen_addr: "127.0.0.1:50443",
      grpc_allow_insecure: false,
      trusted_proxies: [],
      "derp.server.enabled": true,
      "derp.server.verify_clients": true,
      "derp.urls": [],
      "policy.mode": "database",
      "database.gorm.parameterized_queries": true,
      "dns.base_domain": "tailnet.estate.example",
      "node.expiry": "180d",
      "logtail.enabled": false,
      "taildrop.enabled": false,
    });
  });

  it("has its certificate from Let's Encrypt by the challenge that needs port 443 only", () => {
    const config = flat(parse(planVmHub("hub", "debian-12", letsEncrypt).config));
    expect(config["tls_letsencrypt_hostname"]).toBe("headscale.estate.example");
    expect(config["tls_letsencrypt_challenge_type"]).toBe("TLS-ALPN-01");
    // Headscale refuses to start with both.
    expect(config).not.toHaveProperty("tls_cert_path");
  });

  it("has a given certificate, and then nothing of Let's Encrypt", () => {
    const config = flat(parse(planVmHub("hub", "debian-12", given).config));
    expect(config["tls_cert_path"]).toBe("/etc/headscale/tls.crt");
    expect(config["tls_key_path"]).toBe("/etc/headscale/tls.key");
    expect(Object.keys(config).filter((key) => key.startsWith("tls_letsencrypt") || key.startsWith("acme"))).toEqual(
      [],
    );
  });
});

describe("names and resolvers", () => {
  const dnsOf = (dns: HubPlanArgs["dns"]) => flat(parse(planVmHub("hub", "debian-12", { ...letsEncrypt, dns }).config));

  it("are the machines' own unless something is declared", () => {
    expect(dnsOf(undefined)).toMatchObject({
      "dns.override_local_dns": false,
      "dns.nameservers.global": [],
      "dns.search_domains": [],
      "dns.extra_records_path": "/etc/headscale/extra-records.json",
    });
    // Headscale refuses to start with both.
    expect(dnsOf(undefined)).not.toHaveProperty("dns.extra_records");
  });

  it("are those that are declared", () => {
    const split = { corp: ["10.0.0.1"] };
    expect(dnsOf({ nameservers: ["9.9.9.9"], split, searchDomains: ["corp.example"] })).toMatchObject({
      "dns.override_local_dns": true,
      "dns.nameservers.global": ["9.9.9.9"],
      "dns.nameservers.split.corp": ["10.0.0.1"],
      "dns.search_domains": ["corp.example"],
    });
  });
});

describe("another login server", () => {
  const config = (loginServer: string) => flat(parse(planVmHub("hub", "debian-12", { ...given, loginServer }).config));

  it("is where the hub listens and what nodes are told", () => {
    expect(config("https://hub.example.org:8443")).toMatchObject({
      server_url: "https://hub.example.org:8443",
      listen_addr: "0.0.0.0:8443",
    });
    expect(config("https://hub.example.org")).toMatchObject({ listen_addr: "0.0.0.0:443" });
  });

  it("has its certificate in its own name", () => {
    const plan = planVmHub("hub", "debian-12", { ...letsEncrypt, loginServer: "https://hub.example.org" });
    expect(flat(parse(plan.config))["tls_letsencrypt_hostname"]).toBe("hub.example.org");
    expect(plan.hostname).toBe("hub.example.org");
  });
});

describe("a hub that cannot be", () => {
  const refusal = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  };

  it("is refused on a VM with all that is wrong", () => {
    const dns = {
      extraRecords: [
        { name: "ok.example", type: "AAAA", value: "fd7a::1" },
        { name: "Grafana.", type: "A", value: "fd7a::1" },
        { name: "db.example", type: "AAAA", value: "100.64.0.1" },
      ],
      nameservers: ["dns.example", "https://dns.example/query", "http://dns.example"],
      split: { "corp.example": [] },
      searchDomains: ["-"],
    } as const;
    const args = { ...letsEncrypt, baseDomain: "estate.example", trustedProxies: ["0.0.0.0/1"], dns };
    expect(refusal(() => planVmHub("hub", "talos", args))).toBe(
      `HeadscaleHub "hub" has 10 problems:
  vm.image: "talos" is not set up by cloud-init; allowed: debian-12, ubuntu-22.04, ubuntu-24.04; choose one of them
  baseDomain: "estate.example" holds the hub's own name headscale.estate.example; allowed: a domain that does not; choose another, such as tailnet.estate.example
  dns.extraRecords.1.name: "Grafana." is no DNS name; allowed: lower case, without a dot at the end
  dns.extraRecords.1.value: "fd7a::1" is not an IPv4 address, which type A needs; correct it
  dns.extraRecords.2.value: "100.64.0.1" is not an IPv6 address, which type AAAA needs; correct it
  dns.nameservers.0: "dns.example" is no resolver; allowed: an IP address, or https://... (DNS over HTTPS)
  dns.nameservers.2: "http://dns.example" is no resolver; allowed: an IP address, or https://... (DNS over HTTPS)
  dns.split.corp.example: has no resolver; name one, or leave it out
  dns.searchDomains.0: "-" is no DNS name; allowed: lower case, without a dot at the end
  trustedProxies: holds what is no single proxy or small network (at least /8 for IPv4, /24 for IPv6): clients could forge the address they come from`,
    );
  });

  it.each(["http://hub.example.org", "https://hub.example.org/", "https://hub.example.org/path", "hub.example.org"])(
    "is refused on a host with the login server %s, and with a user that is none",
    (loginServer) => {
      expect(refusal(() => planHostHub("hub", "root; reboot", { ...given, loginServer }))).toBe(
        `HeadscaleHostHub "hub" has 2 problems:
  ssh.user: "root; reboot" is no name of a Linux user; correct it
  loginServer: "${loginServer}" is no address of a hub; allowed: https://NAME or https://NAME:PORT, nothing behind it`,
      );
    },
  );
});

// Cannot prove: that Headscale starts with this configuration (test/tailnet/hub does), that Let's Encrypt answers.
