import { readFileSync } from "node:fs";
import { utils } from "ssh2";
import { z } from "zod";
import { ProxmoxHost } from "../../../components/machines/proxmoxHost/proxmoxHost";
import { entry, type Host } from "../../../stacks/estate";
import { host as hostSchema } from "../../../stacks/schema/places";
import { record } from "../../support/record";
import { installed, passthroughScript, prepared, ScratchHost, usualDevices } from "../../support/scratchHost";
import { type Done, remoteCommand, SshHost } from "./sshHost";

// What the component registers is run over SSH: its command, its standard input, its login. Played are the host's files, its
// kernel and its reboot; the address is loopback. The provider's own client is not part of it.
const inputsSchema = z.object({
  connection: z.object({
    host: z.string(),
    user: z.string(),
    privateKey: z.string(),
    dialErrorLimit: z.number().default(10),
  }),
  create: z.string(),
  delete: z.string().optional(),
  stdin: z.string(),
});
type Inputs = z.infer<typeof inputsSchema>;

const plain = hostSchema.parse({
  kind: "proxmox",
  address: "192.168.10.2",
  cpu: "intel",
  boot: "grub",
  gpus: { rtx4090: { slot: "0000:01:00", model: "rtx-4090" } },
});
const [, , , , intelWithGrub] = installed;
let host: ScratchHost;
let server: SshHost;

beforeEach(async () => {
  if (intelWithGrub === undefined) throw new Error("no host to test on");
  host = new ScratchHost(intelWithGrub);
  server = new SshHost(host);
  await server.start();
});
afterEach(async () => {
  await server.stop();
  host.remove();
});

/** What the component registers for a host with the card that the scratch host has, by the name's end. */
async function registered(more: Partial<Host> = {}): Promise<Record<string, Inputs>> {
  const spec = { ...plain, ...more };
  const { registrations } = await record(
    () => new ProxmoxHost("pve1", { host: spec, images: [], sshPrivateKey: server.key.private }),
  );
  const commands = registrations.filter(({ type }) => type === "command:remote:Command");
  return Object.fromEntries(commands.map(({ name, inputs }) => [name, inputsSchema.parse(inputs)]));
}

async function only(): Promise<Inputs> {
  return entry(await registered(), "pve1-passthrough");
}

function runs(
  { connection, stdin }: Inputs,
  command: string,
  more: { privateKey?: string; breakAfter?: number } = {},
): Promise<Done> {
  return remoteCommand({ port: server.port, command, stdin, ...connection, ...more });
}

test("the same bytes run on the host, and its files are prepared", async () => {
  const inputs = await only();
  await expect(runs(inputs, inputs.create)).rejects.toThrow("the files are in place");
  expect(server.received).toEqual([
    {
      command: "bash -s -- apply --cpu intel --boot grub --ids 10de:22ba,10de:2684 --slots 0000:01:00",
      stdin: readFileSync(passthroughScript),
    },
  ]);
  expect(host.read("/etc/default/grub")).toContain('GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on iommu=pt"\n');
});

test("that a reboot is needed fails the run, and the next run after it is quiet", async () => {
  const inputs = await only();
  await expect(runs(inputs, inputs.create)).rejects.toThrow(
    /^Process exited with status 5: running "bash -s -- apply [^"]+":\n[^]*reboot it, then run this again\n$/,
  );
  host.reboot();
  expect((await runs(inputs, inputs.create)).output).toBe(prepared);
});

test("a shared IOMMU group arrives as a message with what is in it, and nothing was changed", async () => {
  host.plug({ ...usualDevices, "0000:02:00.0": { id: "144d:a80a", pciClass: "0x010802", group: 1, driver: "nvme" } });
  const inputs = await only();
  const before = host.everything();
  await expect(runs(inputs, inputs.create)).rejects.toThrow(
    new Error(
      `Process exited with status 4: running "${inputs.create}":\npassthrough: 0000:01:00 shares its IOMMU group with 0000:02:00.0 (144d:a80a, class 0x010802): passing it through would take that from the host. Put the card in another slot, or separate the group (ACS)\n`,
    ),
  );
  expect(host.everything()).toEqual(before);
});

test("with the spec's leave the host is rebooted, and waited for", async () => {
  const { "pve1-passthrough": prepare, "pve1-passthrough-ready": ready } = await registered({ reboot: true });
  if (prepare === undefined || ready === undefined) throw new Error("two commands were to be registered");
  const { output } = await runs(prepare, prepare.create);
  expect(output).toContain("passthrough: rebooting\nwould run: systemctl stop ssh.socket ssh.service\n");
  // The server is gone from here on, as the script has it; the host is back a while later.
  await server.stop();
  const waiting = runs(ready, ready.create);
  await new Promise((resolve) => setTimeout(resolve, 300));
  host.reboot();
  await server.start();
  const { output: said, failedDials } = await waiting;
  expect(said).toBe(prepared);
  expect(failedDials).toBeGreaterThan(0);
  expect(ready.connection.dialErrorLimit).toBe(120);
});

test("a host that comes back without what was prepared fails the wait", async () => {
  const { "pve1-passthrough": prepare, "pve1-passthrough-ready": ready } = await registered({ reboot: true });
  if (prepare === undefined || ready === undefined) throw new Error("two commands were to be registered");
  await runs(prepare, prepare.create);
  host.reboot();
  host.write("/proc/cmdline", "quiet\n");
  await expect(runs(ready, ready.create)).rejects.toThrow("the kernel runs without intel_iommu=on iommu=pt");
});

test("without leave nobody waits, and no reboot is asked for", async () => {
  const commands = await registered();
  expect(Object.keys(commands)).toEqual(["pve1-passthrough"]);
  expect(commands["pve1-passthrough"]?.create).not.toContain("--reboot");
});

test("removing it takes back what was added, with the script that the state keeps", async () => {
  const before = host.etc();
  const inputs = await only();
  await expect(runs(inputs, inputs.create)).rejects.toThrow("the files are in place");
  expect((await runs(inputs, inputs.delete ?? "")).output).toContain("passthrough: taken back");
  expect(host.etc()).toEqual(before);
});

test.each([0.25, 0.5, 0.75, 0.999])("a connection that breaks after %d of the script changes nothing", async (part) => {
  const inputs = await only();
  const before = host.everything();
  const breakAfter = Math.floor(inputs.stdin.length * part);
  // What bash says of half a script is not the point; the provider's own client fails when the connection does.
  await runs(inputs, inputs.create, { breakAfter }).catch(() => undefined);
  expect(host.everything()).toEqual(before);
});

test("a stranger's key does not get in", async () => {
  const inputs = await only();
  const connection = { ...inputs.connection, dialErrorLimit: 0 };
  const stranger = utils.generateKeyPairSync("ecdsa", { bits: 256 }).private;
  await expect(runs({ ...inputs, connection }, inputs.create, { privateKey: stranger })).rejects.toThrow(
    "All configured authentication methods failed",
  );
  expect(server.received).toEqual([]);
});
