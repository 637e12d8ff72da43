import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ssh2, { type ConnectConfig } from "ssh2";
import { Place } from "./support";

// The nodes' SSH servers, with a client of another make than the provider's: what they take, and all that they don't.
const place = new Place();
beforeAll(() => place.start());
afterAll(() => place.remove());

const sudo = "_try_sudo_check(){ true; }; try_sudo(){ true; }";
const upload = (path: string) => `/bin/bash -c 'export TRY_SUDO_USE_SUDO=0; ${sudo}; try_sudo /usr/bin/tee ${path}'`;

function connect(config: ConnectConfig = {}): Promise<InstanceType<typeof ssh2.Client>> {
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    client.once("ready", () => {
      resolve(client);
    });
    client.once("error", reject);
    const at = place.proxmox.ssh["pve1"];
    client.connect({
      host: at?.address ?? "",
      port: at?.port ?? 0,
      username: "root",
      privateKey: place.key.private,
      ...config,
    });
  });
}

async function run(command: string, input = "text"): Promise<{ code: number; output: string }> {
  const client = await connect();
  const ended = await new Promise<{ code: number; output: string }>((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error !== undefined) {
        reject(error);
        return;
      }
      let output = "";
      let code = -1;
      channel.on("data", (data: Buffer) => (output += data.toString()));
      channel.stderr.on("data", (data: Buffer) => (output += data.toString()));
      channel.on("exit", (status: number) => (code = status));
      channel.on("close", () => {
        resolve({ code, output });
      });
      channel.end(input);
    });
  });
  client.end();
  return ended;
}

const node = (): string => join(place.folder, "cluster/nodes/pve1");

test("a snippet is written into the node's own folder, and listed by the API", async () => {
  expect(await run(upload("/var/lib/vz/snippets/a.yaml"))).toEqual({ code: 0, output: "text" });
  expect(readFileSync(join(node(), "var/lib/vz/snippets/a.yaml"), "utf8")).toBe("text");
  const listed = async (name: string) =>
    (await place.ask("GET", `/nodes/${name}/storage/local/content`, { content: "snippets" })).data;
  expect(await listed("pve1")).toEqual([
    { volid: "local:snippets/a.yaml", content: "snippets", format: "snippet", size: 4 },
  ]);
  expect(await listed("pve2")).toEqual([]);
});

test.each([
  "/var/lib/vz/snippets/../../../../escaped",
  "/var/lib/vz/snippets/deeper/a.yaml",
  "/var/lib/vz/template/a.iso",
  "/etc/escaped",
  "../escaped",
])("nothing is written to %s", async (path) => {
  const before = readdirSync(place.folder, { recursive: true }).length;
  expect(await run(upload(path))).toEqual({
    code: 1,
    output: `The emulator takes nothing but snippets in a storage that may hold them: ${path}\n`,
  });
  expect([readdirSync(place.folder, { recursive: true }).length, existsSync("/etc/escaped")]).toEqual([before, false]);
  expect(place.requests.at(-1)).toBe(`pve1: refused over SSH: ${path}`);
});

test.each([
  "id",
  "/bin/bash -c 'id'",
  `${upload("/var/lib/vz/snippets/a.yaml")}; id`,
  upload("/var/lib/vz/snippets/a.yaml;id"),
  upload("/var/lib/vz/snippets/$(id)"),
])("no command is run: %s", async (command) => {
  expect(await run(command)).toEqual({
    code: 1,
    output: "The emulator takes nothing but snippets in a storage that may hold them: this is none\n",
  });
});

test.each([
  ["another key", { privateKey: ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 }).private }],
  ["another user", { username: "pve" }],
])("%s does not log in", async (_, config) => {
  await expect(connect(config)).rejects.toThrow("All configured authentication methods failed");
});
