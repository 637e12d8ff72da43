import { execFileSync } from "node:child_process";
import { parse } from "yaml";
import { z } from "zod";
import { planUserData } from "../../../components/machines/cloudInit/userData.plan";
import { Fleet } from "../../../components/estate/fleet";
import { loadStack, specs } from "../../../stacks";
import { requiredSecrets } from "../../../stacks/dials";
import { type Gpu, type Vm, vmsOf } from "../../../stacks/estate";
import type { Architecture } from "../../../stacks/gpus/cards";
import { service, vm } from "../tailnet/fixtures";
import { record } from "../../support/record";
import { cloudInitProblems } from "./cloudInitSchema";

/** What the tests look at. That cloud-init takes it, its own schema says. */
const cloudConfig = z.looseObject({
  packages: z.array(z.string().regex(/^[a-z0-9.+-]+$/)),
  write_files: z.array(
    z.looseObject({
      path: z.string().startsWith("/"),
      content: z.string(),
      // A number would be read as decimal.
      permissions: z.string().regex(/^0[0-7]{3}$/),
    }),
  ),
  runcmd: z.array(z.union([z.string(), z.array(z.string()).min(1)])),
  power_state: z.unknown().optional(),
});

const read = (text: string): z.output<typeof cloudConfig> => {
  expect(cloudInitProblems(text)).toEqual([]);
  return cloudConfig.parse(parse(text));
};

test.each([
  ["a misspelt key", "#cloud-config\npackagez: [curl]\n", [".packagez is no key of any module"]],
  ["a misspelt key inside", "#cloud-config\nwrite_files: [{ path: /a, mode: '0644' }]\n", undefined],
  ["a value that the key does not take", "#cloud-config\npower_state: { mode: restart }\n", undefined],
  ["a number for file permissions", "#cloud-config\nwrite_files: [{ path: /a, permissions: 644 }]\n", undefined],
  ["another kind of user data", "#!/bin/sh\n", ["the first line is not #cloud-config"]],
])("cloud-init's schema refuses %s", (_, text, expected) => {
  const problems = cloudInitProblems(text);
  expect(problems).not.toEqual([]);
  if (expected !== undefined) expect(problems).toEqual(expected);
});

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

const join = { writeFiles: [], packages: ["curl"], runcmd: [["join"]] };
const plan = (changes: Partial<Vm>, gpu?: Gpu) =>
  read(
    planUserData({
      hostname: "docker",
      vm: vm({ image: "ubuntu-24.04", ...changes }),
      gpu,
      sshPublicKey: "ssh-ed25519 AAAA",
      join,
    }),
  );
const commands = ({ runcmd }: ReturnType<typeof plan>) => runcmd.map((command) => [command].flat().join(" "));
const fileOf = ({ write_files: files }: ReturnType<typeof plan>, path: string) =>
  files.find((file) => file.path === path)?.content;
const agent = "systemctl enable --now qemu-guest-agent";

describe("what a role adds", () => {
  test("the compose file of a Docker host is placed as it is declared, and started by a unit of its own", () => {
    const compose = "services:\n  qdrant:\n    image: qdrant/qdrant:v1.15.0\n";
    const data = plan({ compose });
    expect(data.write_files.find(({ path }) => path === "/srv/estate/compose.yaml")).toEqual({
      path: "/srv/estate/compose.yaml",
      content: compose,
      permissions: "0640",
    });
    expect(fileOf(data, "/etc/systemd/system/estate-compose.service")).toContain(
      "ExecStart=/usr/bin/docker compose --file /srv/estate/compose.yaml up --detach --remove-orphans\n",
    );
    expect(commands(data).slice(-2)).toEqual([
      "systemctl daemon-reload",
      "systemctl enable --now --no-block estate-compose",
    ]);
    expect(data.packages).toEqual(expect.arrayContaining(["docker.io", "docker-compose-v2"]));
  });

  test("Debian has no Compose of its own: Docker's repository has, trusted for its key alone", () => {
    const data = plan({ image: "debian-12", compose: "services: {}\n" });
    expect(data.packages).not.toContain("docker-compose-v2");
    expect(fileOf(data, "/usr/local/sbin/estate-docker")).toContain(
      'echo "deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm stable"',
    );
    expect(commands(data)).toEqual([
      agent,
      "join",
      "/usr/local/sbin/estate-docker",
      "systemctl daemon-reload",
      "systemctl enable --now --no-block estate-compose",
    ]);
  });

  test("the editor of a workstation comes after the join, and listens in the tailnet alone", () => {
    const data = plan({ role: "workstation", editor: "code", serves: { code: service(8443, ["group:admins"]) } });
    expect(commands(data)).toEqual([agent, "join", "/usr/local/sbin/estate-editor"]);
    const script = fileOf(data, "/usr/local/sbin/estate-editor");
    expect(script).toContain('address="$(tailscale ip -4)"\n');
    expect(script).toContain("ExecStart=/usr/bin/code-server --bind-addr $address:8443 --auth password\n");
  });

  test.each([
    ["ubuntu-22.04", "ubuntu"],
    ["debian-12", "debian"],
  ] as const)("the editor on %s runs as %s", (image, user) => {
    const serves = { code: service(8443, []) };
    const data = plan({ image, role: "workstation", editor: "code", serves });
    expect(fileOf(data, "/usr/local/sbin/estate-editor")).toContain(`systemctl enable --now code-server@${user}\n`);
  });

  test.each(["docker-host", "workstation"] as const)("a plain %s runs nothing but the join", (role) => {
    const data = plan({ role });
    expect(commands(data)).toEqual([agent, "join"]);
    expect(data.power_state).toBeUndefined();
  });
});

describe("what a card adds", () => {
  const card: Gpu = { slot: "0000:01:00", device: "10de:2684", companions: [], vram: "24 GiB", architecture: "ada" };
  const toolkit = "/usr/local/sbin/estate-gpu-containers";

  test.each<[Vm["image"], Architecture, string[]]>([
    [
      "ubuntu-22.04",
      "ada",
      [
        "linux-modules-nvidia-580-server-open-generic",
        "nvidia-headless-no-dkms-580-server-open",
        "nvidia-utils-580-server",
      ],
    ],
    [
      "ubuntu-24.04",
      "pascal",
      ["linux-modules-nvidia-580-server-generic", "nvidia-headless-no-dkms-580-server", "nvidia-utils-580-server"],
    ],
    [
      "debian-12",
      "ada",
      ["linux-image-cloud-amd64", "linux-headers-cloud-amd64", "nvidia-kernel-dkms", "nvidia-smi", "libcuda1"],
    ],
  ])("%s installs the driver of an %s card, and restarts unless it drives it", (image, architecture, packages) => {
    const data = plan({ image }, { ...card, architecture });
    expect(data.packages).toEqual(expect.arrayContaining(packages));
    expect(fileOf(data, "/etc/modprobe.d/estate-nvidia.conf")).toBe("blacklist nouveau\noptions nouveau modeset=0\n");
    expect(data.power_state).toEqual({ mode: "reboot", condition: "test ! -e /proc/driver/nvidia/version" });
  });

  test("Debian gets the sections that its driver is in, signed by its own keys; Ubuntu has them", () => {
    const path = "/etc/apt/sources.list.d/estate-non-free.sources";
    const stanzas = fileOf(plan({ image: "debian-12" }, card), path)
      ?.trimEnd()
      .split("\n\n");
    expect(stanzas?.map((stanza) => stanza.split("\n"))).toEqual([
      [
        "Types: deb",
        "URIs: http://deb.debian.org/debian",
        "Suites: bookworm bookworm-updates",
        "Components: contrib non-free non-free-firmware",
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
      ],
      [
        "Types: deb",
        "URIs: http://deb.debian.org/debian-security",
        "Suites: bookworm-security",
        "Components: contrib non-free non-free-firmware",
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
      ],
    ]);
    expect(fileOf(plan({}, card), path)).toBeUndefined();
  });

  test.each([
    ["ubuntu-24.04", [agent, "join", toolkit]],
    ["debian-12", [agent, "join", "/usr/local/sbin/estate-docker", toolkit]],
  ] as const)("containers of a Docker host on %s can use it, before its stack is started", (image, before) => {
    const data = plan({ image, compose: "services: {}\n" }, card);
    expect(commands(data).slice(0, before.length)).toEqual(before);
    const script = fileOf(data, toolkit)?.split("\n");
    expect(script).toContain(
      "echo 'deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit-keyring.asc] " +
        "https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /' >/etc/apt/sources.list.d/nvidia-container-toolkit.list",
    );
    expect(script?.slice(-3)).toEqual([
      "nvidia-ctk runtime configure --runtime=docker",
      "systemctl restart docker",
      "",
    ]);
  });

  test("a workstation gets the driver without the toolkit", () => {
    const data = plan({ role: "workstation" }, card);
    expect(data.packages).toContain("nvidia-utils-580-server");
    expect(commands(data)).toEqual([agent, "join"]);
  });

  test("the kernel has the driver of another vendor's card", () => {
    expect(plan({}, { ...card, device: "1002:744c" })).toEqual(plan({}));
  });
});
