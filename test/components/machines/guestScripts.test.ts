import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planDocker } from "../../../components/machines/cloudInit/docker.plan";
import type { Gpu, Vm } from "../../../stacks/estate";

// Runs the scripts with stand-ins for what fetches and installs, their files in a scratch root. What a repository holds is not
// part of it.
const root = mkdtempSync(join(tmpdir(), "estate-guest-"));
afterAll(() => {
  rmSync(root, { recursive: true });
});

const folders = ["bin", "etc/apt/sources.list.d", "usr/share/keyrings"];
for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
for (const program of ["curl", "apt-get", "nvidia-ctk", "systemctl"]) {
  const file = join(root, "bin", program);
  writeFileSync(file, `#!/bin/sh\necho "${program} $*" >>"${root}/calls"\n`);
  chmodSync(file, 0o755);
}

/** What the machine's scripts call, in their order. */
function calls(image: Vm["image"], gpu?: Gpu): string[] {
  const { writeFiles, runcmd } = planDocker({ image }, gpu);
  writeFileSync(join(root, "calls"), "");
  for (const [path] of runcmd) {
    const script = writeFiles.find((file) => file.path === path)?.content ?? "exit 1";
    // Nothing outside of the scratch root is written.
    const input = script.replaceAll(/(?<=[ =>])\/(?=etc\/|usr\/)/g, `${root}/`);
    if (/(?<!\w)\/(etc|usr)\//.test(input)) throw new Error(`${path} would write outside of the scratch root`);
    execFileSync("/bin/sh", { input, env: { PATH: `${root}/bin:/usr/bin:/bin` }, stdio: ["pipe", "ignore", "pipe"] });
  }
  return read("calls").replaceAll(root, "").trimEnd().split("\n");
}
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const card: Gpu = { slot: "0000:01:00", device: "10de:2684", companions: [], vram: "24 GiB", architecture: "ada" };

test("NVIDIA's repository is trusted for its own key, and Docker told of the runtime once it is installed", () => {
  expect(calls("ubuntu-24.04", card)).toEqual([
    "curl -fsSL --retry 5 https://nvidia.github.io/libnvidia-container/gpgkey -o /usr/share/keyrings/nvidia-container-toolkit-keyring.asc",
    "apt-get update",
    "apt-get install --yes nvidia-container-toolkit",
    "nvidia-ctk runtime configure --runtime=docker",
    "systemctl restart docker",
  ]);
  expect(read("etc/apt/sources.list.d/nvidia-container-toolkit.list").replaceAll(root, "")).toBe(
    "deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit-keyring.asc] https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /\n",
  );
});

test("Docker's repository on Debian, before the toolkit", () => {
  const made = calls("debian-12", card);
  expect(made.slice(0, 3)).toEqual([
    "curl -fsSL --retry 5 https://download.docker.com/linux/debian/gpg -o /etc/apt/keyrings/docker.asc",
    "apt-get update",
    "apt-get install --yes docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin",
  ]);
  expect(made).toHaveLength(8);
  expect(read("etc/apt/sources.list.d/docker.list").replaceAll(root, "")).toBe(
    "deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm stable\n",
  );
});
