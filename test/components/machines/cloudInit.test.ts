import { execFileSync } from "node:child_process";
import { parse } from "yaml";
import { z } from "zod";
import { planUserData } from "../../../components/machines/cloudInit/userData.plan";
import { Fleet } from "../../../components/estate/fleet";
import { loadStack, specs } from "../../../stacks";
import { requiredSecrets } from "../../../stacks/dials";
import { vmsOf } from "../../../stacks/estate";
import { service, vm } from "../tailnet/fixtures";
import { record } from "../../support/record";

/**
 * The part of cloud-init's schema that the estate uses, strict: a key that no module knows is a mistake that cloud-init only
 * logs. https://docs.cloud-init.io/en/latest/reference/modules.html
 */
const cloudConfig = z.strictObject({
  hostname: z.string().regex(/^[a-z0-9-]+$/),
  fqdn: z.string().optional(),
  ssh_pwauth: z.boolean(),
  disable_root: z.boolean(),
  ssh_authorized_keys: z.array(z.string().regex(/^(ssh|ecdsa)-/)),
  groups: z.array(z.string()).optional(),
  package_update: z.boolean(),
  package_upgrade: z.boolean().optional(),
  packages: z.array(z.string().regex(/^[a-z0-9.+-]+$/)),
  write_files: z.array(
    z.strictObject({
      path: z.string().startsWith("/"),
      content: z.string(),
      // A number would be read as decimal.
      permissions: z.string().regex(/^0[0-7]{3}$/),
      owner: z.string().optional(),
      defer: z.boolean().optional(),
    }),
  ),
  runcmd: z.array(z.union([z.string(), z.array(z.string()).min(1)])),
});

const read = (text: string): z.output<typeof cloudConfig> => {
  expect(text.split("\n")[0]).toBe("#cloud-config");
  return cloudConfig.parse(parse(text));
};

/** User data as it goes to Proxmox, by the snippet's name. */
async function snippetsOf(stack: string): Promise<[string, string][]> {
  const spec = loadStack(stack);
  const secrets = Object.fromEntries(requiredSecrets(spec).map((name) => [name, `made-up ${name}`]));
  const args = { spec, sshPublicKey: "ssh-ed25519 AAAA", protection: true, world: undefined, secrets };
  const { registrations } = await record(() => new Fleet("fleet", args), {
    outputs: (type) => ({
      ...(type === "command:remote:Command" ? { stdout: "hskey-api-made-up\n", stderr: "" } : {}),
      ...(/PreAuthKey|tailnetKey/.test(type) ? { key: "made-up key" } : {}),
    }),
  });
  return registrations.flatMap(({ type, name, inputs }): [string, string][] => {
    if (type !== "proxmoxve:index/fileLegacy:FileLegacy") return [];
    return [[name, z.object({ data: z.string() }).parse(inputs["sourceRaw"]).data]];
  });
}

describe.each(Object.keys(specs))("stack %s", (stack) => {
  test("has user data for every machine that cloud-init sets up, and cloud-init knows all of it", async () => {
    const snippets = await snippetsOf(stack);
    const roles = ["docker-host", "workstation", "headscale-hub"];
    const expected = vmsOf(loadStack(stack)).filter(([, { role }]) => roles.includes(role));
    expect(snippets.map(([name]) => name).sort()).toEqual(expected.map(([name]) => `${name}-user-data`).sort());
    for (const [, data] of snippets) {
      const config = read(data);
      expect(config.packages).toEqual(expect.arrayContaining(["qemu-guest-agent", "unattended-upgrades"]));
      const scripts = config.write_files.filter(({ content }) => content.startsWith("#!/bin/sh"));
      for (const { content } of scripts)
        expect(() => execFileSync("sh", ["-n"], { input: content, stdio: ["pipe", "pipe", "pipe"] })).not.toThrow();
      // What is run is there: a command of the system, or a file of this user data.
      const own = config.runcmd.flatMap((command) => (Array.isArray(command) ? command.slice(0, 1) : []));
      const files = config.write_files.map(({ path }) => path);
      for (const program of own.filter((path) => path.startsWith("/"))) expect(files).toContain(program);
    }
  });
});

describe("what a role adds", () => {
  const join = { writeFiles: [], packages: ["curl"], runcmd: [["join"]] };
  const plan = (machine: ReturnType<typeof vm>) =>
    read(planUserData({ hostname: "docker", vm: machine, sshPublicKey: "ssh-ed25519 AAAA", join }));

  test("the compose file of a Docker host is placed as it is declared, and started by a unit of its own", () => {
    const compose = "services:\n  qdrant:\n    image: qdrant/qdrant:v1.15.0\n";
    const { write_files: files, runcmd, packages } = plan(vm({ compose }));
    expect(files.find(({ path }) => path === "/srv/estate/compose.yaml")).toEqual({
      path: "/srv/estate/compose.yaml",
      content: compose,
      permissions: "0640",
    });
    expect(files.find(({ path }) => path === "/etc/systemd/system/estate-compose.service")?.content).toContain(
      "ExecStart=/usr/bin/docker compose --file /srv/estate/compose.yaml up --detach --remove-orphans\n",
    );
    expect(runcmd.slice(-2)).toEqual([
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "--now", "--no-block", "estate-compose"],
    ]);
    expect(packages).toEqual(expect.arrayContaining(["docker.io", "docker-compose-v2"]));
  });

  test("the editor of a workstation comes after the join, and listens in the tailnet alone", () => {
    const workstation = vm({ role: "workstation", editor: "code", serves: { code: service(8443, ["group:admins"]) } });
    const { write_files: files, runcmd } = plan(workstation);
    expect(runcmd).toEqual([
      ["systemctl", "enable", "--now", "qemu-guest-agent"],
      ["join"],
      ["/usr/local/sbin/estate-editor"],
    ]);
    const script = files.find(({ path }) => path === "/usr/local/sbin/estate-editor")?.content ?? "";
    expect(script).toContain('address="$(tailscale ip -4)"\n');
    expect(script).toContain("ExecStart=/usr/bin/code-server --bind-addr $address:8443 --auth password\n");
  });

  test.each(["docker-host", "workstation"] as const)("a plain %s runs nothing but the join", (role) => {
    expect(plan(vm({ role })).runcmd).toEqual([["systemctl", "enable", "--now", "qemu-guest-agent"], ["join"]]);
  });
});
