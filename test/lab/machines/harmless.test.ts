import { pathsOutside } from "../../../lab/machines/harmless";

const machine = "/lab/machines/hosts/hub";

describe("paths of this computer that a script would touch", () => {
  test.each([
    ["a path of the machine", `cat ${machine}/root/etc/headscale/config.yaml`, []],
    ["the shell and the null device", "#!/bin/sh\necho x >/dev/null", []],
    ["a URL", "curl https://pkgs.tailscale.com/stable/debian", []],
    ["a path below a variable", 'printf x >>"$HEADSCALE_STATE/estate-api-keys"', []],
    ["a default that the machine's environment replaces", ': "${HEADSCALE_STATE:=/var/lib/headscale}"', []],
    ["a comment", "  # writes /etc/hosts\ntrue", []],
    ["a file of this computer", "cp x /etc/hosts", ["/etc/hosts"]],
    ["the same one twice, and another", "rm -rf /var/lib/a /var/lib/a '/opt/b'", ["/var/lib/a", "/opt/b"]],
    ["an option's value", "headscale --config=/etc/headscale/config.yaml", ["/etc/headscale/config.yaml"]],
    ["a redirection without a space", "echo x >/etc/motd", ["/etc/motd"]],
    ["a default of another variable", ': "${TARGET:=/var/lib/headscale}"', ["/var/lib/headscale"]],
    ["a way out of the machine", `cat ${machine}/../../secret`, [`${machine}/../../secret`]],
    ["another machine whose name begins alike", `cat ${machine}2/file`, [`${machine}2/file`]],
    ["the root itself", "ls /", ["/"]],
  ])("%s", (_, script, outside) => {
    expect(pathsOutside(machine, script)).toEqual(outside);
  });
});
