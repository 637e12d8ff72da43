import { parse } from "yaml";
import { hubUserData, planHub } from "../../../components/tailnet/hub.plan";

const letsEncrypt = {
  image: "debian-12",
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
  dns.nameservers.global dns.nameservers.split dns.search_domains dns.extra_records unix_socket unix_socket_permission
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
      expect(Object.keys(flat(parse(planHub(args).config))).filter((key) => !knownKeys.includes(key))).toEqual([]);
    },
  );

  it("is hardened", () => {
    expect(flat(parse(planHub(letsEncrypt).config))).toMatchObject({
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
    const config = flat(parse(planHub(letsEncrypt).config));
    expect(config["tls_letsencrypt_hostname"]).toBe("headscale.estate.example");
    expect(config["tls_letsencrypt_challenge_type"]).toBe("TLS-ALPN-01");
    // Headscale refuses to start with both.
    expect(config).not.toHaveProperty("tls_cert_path");
  });

  it("has a given certificate, and then nothing of Let's Encrypt", () => {
    const config = flat(parse(planHub(given).config));
    expect(config["tls_cert_path"]).toBe("/etc/headscale/tls.crt");
    expect(config["tls_key_path"]).toBe("/etc/headscale/tls.key");
    expect(Object.keys(config).filter((key) => key.startsWith("tls_letsencrypt") || key.startsWith("acme"))).toEqual(
      [],
    );
  });
});

describe("the hub's first boot", () => {
  const files = (userData: string): unknown => (isTable(parse(userData)) ? flat(parse(userData))["write_files"] : []);
  const userData = hubUserData(planHub(letsEncrypt), { sshPublicKey: "ssh-ed25519 AAAA admin" });

  it("installs the pinned package over the configuration that is already there", () => {
    expect(userData.startsWith("#cloud-config\n")).toBe(true);
    expect(flat(parse(userData))["runcmd"]).toEqual([
      ["systemctl", "enable", "--now", "qemu-guest-agent"],
      [
        "curl",
        "-fsSL",
        "--retry",
        "5",
        "-o",
        "/root/headscale.deb",
        "https://github.com/juanfont/headscale/releases/download/v0.29.3/headscale_0.29.3_linux_amd64.deb",
      ],
      "DEBIAN_FRONTEND=noninteractive apt-get install --yes -o Dpkg::Options::=--force-confold /root/headscale.deb",
      ["systemctl", "enable", "--now", "headscale", "headscale-backup.timer"],
    ]);
  });

  it("lets one administrator in by key, and nobody by password", () => {
    expect(flat(parse(userData))).toMatchObject({
      ssh_pwauth: false,
      disable_root: true,
      ssh_authorized_keys: ["ssh-ed25519 AAAA admin"],
    });
  });

  it("writes configuration, upgrades and backup", () => {
    expect(files(userData)).toMatchObject([
      { path: "/etc/headscale/config.yaml", permissions: "0644" },
      { path: "/etc/apt/apt.conf.d/20auto-upgrades" },
      { path: "/usr/local/sbin/headscale-backup", permissions: "0700" },
      { path: "/etc/systemd/system/headscale-backup.service" },
      { path: "/etc/systemd/system/headscale-backup.timer" },
    ]);
  });

  it("writes a given certificate late, its key for headscale alone", () => {
    const certificate = { chain: "CHAIN", privateKey: "KEY" };
    const withCertificate = hubUserData(planHub(given), { sshPublicKey: "ssh-ed25519 AAAA admin", certificate });
    expect(files(withCertificate)).toEqual(
      expect.arrayContaining([
        { path: "/etc/headscale/tls.crt", permissions: "0644", content: "CHAIN", defer: true },
        {
          path: "/etc/headscale/tls.key",
          permissions: "0640",
          owner: "root:headscale",
          content: "KEY",
          defer: true,
        },
      ]),
    );
  });
});

describe("a hub that cannot be", () => {
  it("is refused with all that is wrong", () => {
    let error: unknown;
    try {
      planHub({ ...letsEncrypt, image: "talos", baseDomain: "estate.example" });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      message: "The Headscale hub cannot be built as it is declared",
      errors: [
        {
          propertyPath: "vm.image",
          reason:
            '"talos" is not set up by cloud-init; allowed: debian-12, ubuntu-22.04, ubuntu-24.04; choose one of them',
        },
        {
          propertyPath: "baseDomain",
          reason:
            '"estate.example" holds the hub\'s own name headscale.estate.example; allowed: a domain that does not; choose another, such as tailnet.estate.example',
        },
      ],
    });
  });
});

// Cannot prove: that Headscale starts with this configuration, that the package is there, that Let's Encrypt answers.
