import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { planHostHub, planVmHub } from "../../../../components/tailnet/hub/hub.plan";
import { expireOthersScript, hubSetupScript, hubUserData } from "../../../../components/tailnet/hub/hub.setup";

const args = {
  domain: "estate.example",
  baseDomain: "tailnet.estate.example",
  certificate: { kind: "lets-encrypt", email: "ops@estate.example" },
  trustedProxies: [],
} as const;
const given = { ...args, certificate: { kind: "given" } } as const;
const certificate = { chain: "CHAIN\n", privateKey: "KEY\n" };

const cloudConfig = z.looseObject({
  write_files: z.array(z.looseObject({ path: z.string() })),
  runcmd: z.array(z.array(z.string())),
});

describe("the first boot of a VM", () => {
  const text = hubUserData(planVmHub("hub", "debian-12", args), "ssh-ed25519 AAAA admin", {});
  const userData = cloudConfig.parse(parse(text));

  it("installs the pinned package with its checksum, over the configuration that is already there", () => {
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    expect(userData.runcmd).toEqual([
      ["systemctl", "enable", "--now", "qemu-guest-agent"],
      [
        "/usr/local/sbin/headscale-install",
        "0.29.3",
        "amd64",
        "14eccf8d41fd93927ad3fe1fd9e49dbe14d5668a244c4205d940967c442aea0d",
      ],
      ["systemctl", "enable", "--now", "headscale", "headscale-backup.timer"],
    ]);
  });

  it("lets one administrator in by key, and nobody by password", () => {
    expect(userData).toMatchObject({
      ssh_pwauth: false,
      disable_root: true,
      ssh_authorized_keys: ["ssh-ed25519 AAAA admin"],
    });
  });

  it("writes configuration, scripts, backups and upgrades, with no key that cloud-init does not know", () => {
    expect(userData.write_files.map(({ content: _, ...file }) => file)).toEqual([
      { path: "/etc/headscale/config.yaml", permissions: "0644" },
      { path: "/etc/headscale/extra-records.json", permissions: "0644" },
      { path: "/usr/local/sbin/headscale-install", permissions: "0700" },
      { path: "/usr/local/sbin/headscale-backup", permissions: "0700" },
      { path: "/usr/local/sbin/headscale-restore", permissions: "0700" },
      { path: "/etc/systemd/system/headscale-backup.service", permissions: "0644" },
      { path: "/etc/systemd/system/headscale-backup.timer", permissions: "0644" },
      { path: "/etc/apt/apt.conf.d/20auto-upgrades", permissions: "0644" },
    ]);
  });

  it("writes a given certificate late, its key for headscale alone", () => {
    const data = hubUserData(planVmHub("hub", "debian-12", given), "ssh-ed25519 AAAA admin", { certificate });
    expect(cloudConfig.parse(parse(data)).write_files.slice(-2)).toEqual([
      { path: "/etc/headscale/tls.crt", permissions: "0644", content: "CHAIN\n", defer: true },
      { path: "/etc/headscale/tls.key", permissions: "0640", owner: "root:headscale", content: "KEY\n", defer: true },
    ]);
  });
});

describe("the setup over SSH", () => {
  const script = hubSetupScript(planHostHub("hub", "root", { ...given, architecture: "arm64" }), { certificate });
  const puts = script.split("\n").filter((line) => line.startsWith("put /"));

  it("writes what the first boot of a VM writes, and says what needs a restart", () => {
    const end = "<<'END_OF_HUB_FILE'";
    expect(puts).toEqual([
      `put /etc/headscale/config.yaml 0644 root:root yes ${end}`,
      `put /etc/headscale/extra-records.json 0644 root:root no ${end}`,
      `put /usr/local/sbin/headscale-install 0700 root:root no ${end}`,
      `put /usr/local/sbin/headscale-backup 0700 root:root no ${end}`,
      `put /usr/local/sbin/headscale-restore 0700 root:root no ${end}`,
      `put /etc/systemd/system/headscale-backup.service 0644 root:root no ${end}`,
      `put /etc/systemd/system/headscale-backup.timer 0644 root:root no ${end}`,
      `put /etc/headscale/tls.crt 0644 root:root yes ${end}`,
      `put /etc/headscale/tls.key 0640 root:headscale yes ${end}`,
    ]);
  });

  it("leaves the checksum to the release where none could be confirmed", () => {
    expect(script.split("\n")[1]).toBe("version=0.29.3 architecture=arm64 checksum=");
  });

  it("holds no file that could end another", () => {
    expect(script.split("\n").filter((line) => line === "END_OF_HUB_FILE")).toHaveLength(puts.length);
  });
});

test("extra records are sorted, so that their order is no change", () => {
  const records = [
    { name: "b.example", type: "A", value: "100.64.0.2" },
    { name: "a.example", type: "A", value: "100.64.0.1" },
  ] as const;
  const text = (extraRecords: readonly (typeof records)[number][]) =>
    hubSetupScript(planHostHub("hub", "root", { ...args, dns: { extraRecords } }), {});
  expect(text(records)).toContain(
    '[\n  {"name":"a.example","type":"A","value":"100.64.0.1"},\n  {"name":"b.example","type":"A","value":"100.64.0.2"}\n]\n',
  );
  expect(text([...records].reverse())).toBe(text(records));
});

test("of an API key, only the public prefix goes into the script that ends the others", () => {
  const key = `hskey-api-Ab-_56789012-${"s".repeat(64)}`;
  expect(expireOthersScript(key).split("\n")[0]).toBe("keep='Ab-_56789012'");
  expect(expireOthersScript(key)).not.toContain("ss");
  // Whatever is no key gets nowhere near a shell.
  expect(expireOthersScript("'; reboot #").split("\n")[0]).toBe("keep=''");
});

test.each(["backup.sh", "restore.sh", "apiKey.sh", "apiKeyOthers.sh"])(
  "%s looks where the server keeps its state",
  (name) => {
    const text = readFileSync(join(__dirname, "../../../../components/tailnet/hub", name), "utf8");
    expect(text).toContain(': "${HEADSCALE_STATE:=/var/lib/headscale}"\n');
  },
);
