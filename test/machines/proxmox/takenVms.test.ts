import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { labFolder } from "../../../lab/launch";
import type { Proxmox } from "../../../lab/proxmox";
import { commonAuthorities, guestsOf, isFree, type ProxmoxApi } from "../../../operations/cli/proxmoxApi";
import { findTaken, requireFreeIds } from "../../../operations/cli/takenVms";
import { Place, token } from "./support";

// The emulator says "taken" in the words of Proxmox's own sources; no Proxmox was asked.
const blind = { id: "estate@pve!blind", secret: "99999999-2222-3333-4444-555555555555", privileges: {} };
const place = new Place();
let proxmox: Proxmox;
beforeAll(async () => {
  proxmox = await place.start({ tokens: { [token.id]: token, [blind.id]: blind } });
  await place.task("POST", "/nodes/pve2/qemu", { vmid: "100", name: "nas", scsi0: "local-lvm:32" });
  await place.task("POST", "/nodes/pve1/qemu", { vmid: "102", name: "wiki" });
});
beforeEach(() => place.requests.splice(0));
afterAll(() => place.remove());

function api(changed: Partial<ProxmoxApi> = {}, { id, secret } = token): ProxmoxApi {
  return {
    endpoint: proxmox.endpoint,
    token: `${id}=${secret}`,
    authorities: readFileSync(proxmox.trusted, "utf8"),
    ...changed,
  };
}

const vm = (name: string, vmId: number) => ({ name, vmId, host: "pve1", begun: false });

test("every taken id is found, with what has it, and nothing is changed", async () => {
  const before = proxmox.read();
  const vms = [vm("docker", 100), vm("node1", 101), vm("hub", 102)];
  expect(await findTaken(vms, api())).toEqual([
    { vm: vms[0], by: { type: "VM", name: "nas", node: "pve2" } },
    { vm: vms[2], by: { type: "VM", name: "wiki", node: "pve1" } },
  ]);
  expect(proxmox.read()).toEqual(before);
  expect(place.requests).toHaveLength(4);
  expect(place.requests.filter((line) => !line.startsWith("GET "))).toEqual([]);
});

test("when all ids are free, nothing else is asked", async () => {
  expect(await findTaken([vm("docker", 200), vm("node1", 201)], api())).toEqual([]);
  expect(place.requests).toHaveLength(2);
});

test("a token without any privilege finds what it may not see", async () => {
  expect(await findTaken([vm("docker", 100), vm("node1", 101)], api({}, blind))).toEqual([
    { vm: vm("docker", 100), by: undefined },
  ]);
});

describe("one clear error, without the token", () => {
  async function error(work: Promise<unknown>): Promise<string> {
    const message = await work.then(
      () => "nothing went wrong",
      (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
    );
    expect(message).not.toContain(token.secret);
    return message;
  }

  test("the token is wrong", async () => {
    expect(await error(isFree(api({ token: `${token.id}=wrong` }), 100))).toBe(
      `${proxmox.endpoint} answered 401 "Authentication failed!" to GET cluster/nextid?vmid=100. ` +
        'The secret "proxmoxApiToken" is not, or no longer, a token of it: docs/hosts.md.',
    );
  });

  test("a character that no header may have", async () => {
    expect(await error(isFree(api({ token: `${token.id}=${token.secret}\n` }), 100))).toContain("ERR_INVALID_CHAR");
  });

  test("the id is none that Proxmox can have", async () => {
    expect(await error(isFree(api(), 99))).toBe(
      `${proxmox.endpoint} answered 400 "Parameter verification failed." to GET cluster/nextid?vmid=99. ` +
        "Is it the API of a Proxmox VE host?",
    );
  });

  test("the certificate is nobody's whom this machine trusts", async () => {
    expect(await error(isFree(api({ authorities: commonAuthorities() }), 100))).toMatch(
      /^the certificate of https:\S+ is not trusted \([A-Z_]+\)\. If an authority of your own signed it, .* NODE_EXTRA_CA_CERTS/,
    );
  });

  test("nobody answers", async () => {
    expect(await error(isFree(api({ endpoint: "https://127.0.0.1:1/" }), 100))).toBe(
      "https://127.0.0.1:1/ could not be reached (ECONNREFUSED). Is the host on, and can this machine reach its API?",
    );
  });

  test("somebody takes the call and says nothing", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const endpoint = `https://127.0.0.1:${port}/`;
    expect(await error(isFree(api({ endpoint, patience: 200 }), 100))).toBe(
      `${endpoint} could not be reached (no answer within 0.2 s). Is the host on, and can this machine reach its API?`,
    );
    silent.close();
  });
});

test("what cannot be told of the guests is left out", async () => {
  proxmox.edit((state) => void Reflect.deleteProperty(state.vms["102"]?.config ?? {}, "name"));
  expect((await guestsOf(api())).get(102)).toEqual({ type: "VM", name: "", node: "pve1" });
});

test("Node before 22.15 trusts what it trusts by itself", () => {
  expect(commonAuthorities({})).toBeUndefined();
});

describe("as up and preview ask, for stack dev in the full lab", () => {
  const secrets = `{"other":"secret","proxmoxApiToken":"${token.id}=${token.secret}"}`;
  const made = (name: string, vmId: number) => ({
    type: "proxmoxve:index/vmLegacy:VmLegacy",
    inputs: { name, vmId },
  });
  const node1 = made("node1", 111);

  /** Runs the check with an engine that prints what it is told to, and fails when it is told nothing. */
  async function check(printed: { stack?: object; config?: string }, world: "embedded" | "full" = "full") {
    const at = (name: string): string => join(place.folder, name);
    const lab = { ...labFolder(place.folder, "dev", "full"), machines: place.folder, config: at("config.yaml") };
    const places = { proxmox: { endpoint: proxmox.endpoint, ssh: {} }, talos: {}, snapshots: "", kubernetes: {} };
    writeFileSync(lab.config, JSON.stringify({ config: { "estate:lab": places } }));
    for (const [name, text] of [
      ["stack", printed.stack && JSON.stringify({ deployment: printed.stack })],
      ["config", printed.config],
      ["asked", ""],
    ] as const) {
      rmSync(at(name), { force: true });
      if (text !== undefined) writeFileSync(at(name), text);
    }
    writeFileSync(at("pulumi"), `#!/bin/sh\ncd ${place.folder}\necho "$@" >> asked\nexec cat "$1"\n`, { mode: 0o755 });
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    const context = {
      ...{ command: "up", stack: "dev", world, yes: false, refresh: false, reach: { format: "text" as const } },
      ...{ root: place.folder, cache: place.folder, print: say, say },
    };
    const error = await requireFreeIds(context, { lab, pulumi: at("pulumi"), env: process.env }).then(
      () => undefined,
      (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
    );
    return { error, said, asked: existsSync(at("asked")) ? readFileSync(at("asked"), "utf8") : "" };
  }

  test("every taken id is in one refusal", async () => {
    expect(await check({ stack: { resources: [node1] }, config: secrets })).toEqual({
      error: `The spec of stack "dev" has 2 problems:

  machines.docker.vmId: 100 is already the id of VM "nas" on pve2, which the stack's state does not have as this machine
    allowed: an id that nothing in Proxmox has
    remedy:  give the machine another id

  machines.headscale.vmId: 102 is already the id of VM without a name on pve1, which the stack's state does not have as this machine
    allowed: an id that nothing in Proxmox has
    remedy:  give the machine another id
`,
      said: [],
      asked: "stack export\nconfig get secrets\n",
    });
  });

  test("when the state has all VMs, neither the token is read nor Proxmox asked", async () => {
    const all = [node1, made("docker", 100), made("headscale", 102)];
    expect(await check({ stack: { resources: all } })).toEqual({ error: undefined, said: [], asked: "stack export\n" });
    expect(place.requests).toEqual([]);
  });

  test("in the embedded lab nobody is asked at all", async () => {
    expect(await check({}, "embedded")).toEqual({ error: undefined, said: [], asked: "" });
  });

  test("what a broken-off run began is gone on with; somebody's VM that took the id meanwhile is not", async () => {
    const pending = [{ type: "creating", resource: made("docker", 100) }];
    const state = { resources: [node1, made("headscale", 102)], pending_operations: pending };
    expect((await check({ stack: state, config: secrets })).error).toContain('VM "nas" on pve2');
    proxmox.edit(({ vms }) => void Object.assign(vms["100"] ?? {}, { node: "pve", config: { name: "docker" } }));
    expect(await check({ stack: state, config: secrets })).toMatchObject({
      error: undefined,
      said: ["VM 100 (docker) was being made when an earlier run was broken off; this one goes on with it"],
    });
  });

  test("what the engine or Proxmox does not say is no yes", async () => {
    expect((await check({})).error).toBe(
      "The engine did not say which VMs the stack's state has. It says why: pulumi stack export --stack dev",
    );
    for (const config of [undefined, "{", '{"other":"secret"}', '"secret"'])
      expect((await check({ stack: {}, ...(config === undefined ? {} : { config }) })).error).toBe(
        'The engine did not give out the secret "proxmoxApiToken" of stack dev. Is it set, and is the passphrase right?',
      );
    expect((await check({ stack: {}, config: '{"proxmoxApiToken":"wrong"}' })).error).toMatch(
      /^Whether the ids of new VMs are free in Proxmox is not known: https:\S+ answered 401 /,
    );
  });
});
