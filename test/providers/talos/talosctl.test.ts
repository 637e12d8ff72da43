import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";

import { talos } from "../../../providers/talos/provider";
import { Engine, messageOf } from "../support";

import type { Rule } from "./fakeTalosctl";
import { Authority } from "./kubernetes";
import { client, clientConfiguration, engine, fake, folder, machineSecrets, snapshotOf, takes } from "./talosctl";

describe("Secrets", () => {
  const type = "talos:index:Secrets";
  const talosconfig = stringify({ context: "estate", contexts: { estate: { endpoints: [], ...clientConfiguration } } });

  test("are generated once, kept in the state, and forgotten", async () => {
    fake.rules(
      { on: "gen secrets", writes: { after: "--output-file", text: machineSecrets } },
      { on: "gen config", stdout: talosconfig },
    );
    const made = await engine.create(type, { talosVersion: "v1.12.3" });
    expect(made.outputs).toEqual({ talosVersion: "1.12", contract: "1.12", machineSecrets, clientConfiguration });
    expect([...made.secrets].sort()).toEqual(["clientConfiguration", "machineSecrets"]);
    expect(fake.lines()).toEqual([
      "gen secrets --talos-version v1.12 --output-file TMP/secrets.yaml",
      "gen config estate https://127.0.0.1:6443 --with-secrets TMP/secrets.yaml --output-types talosconfig --output -",
    ]);
    fake.rules();
    expect(await engine.drift(type, made)).toEqual([]);
    await engine.delete(type, made);
    expect(fake.lines()).toEqual([]);
    expect(await messageOf(engine.import(type, "core"))).toBe(
      "The secrets of a cluster cannot be imported: they are nowhere but in the state they were made in.",
    );
  });
});

describe("The client in the secrets", () => {
  const type = "talos:index:Secrets";
  const makes = async (authority: Authority, days: number): Promise<Rule[]> => {
    const { crt, key } = await authority.issue(days);
    const base64 = (pem: string): string => Buffer.from(pem).toString("base64");
    const client = { ca: base64(authority.ca), crt: base64(crt), key: base64(key) };
    const talosconfig = stringify({ context: "estate", contexts: { estate: client } });
    return [
      { on: "gen secrets", writes: { after: "--output-file", text: machineSecrets } },
      { on: "gen config", stdout: talosconfig },
    ];
  };

  test("is made anew by the same authority when less than thirty days are left, and without any node", async () => {
    const authority = await Authority.create();
    fake.rules(...(await makes(authority, 31)));
    const lasting = await engine.create(type, { talosVersion: "1.12" });
    expect((await engine.diff(type, lasting, { talosVersion: "1.12" })).changed).toEqual([]);
    fake.rules(...(await makes(authority, 29)));
    const ending = await engine.create(type, { talosVersion: "1.12" });
    expect(await engine.diff(type, ending, { talosVersion: "1.12" })).toMatchObject({
      changed: ["clientExpires"],
      replaces: [],
    });
    fake.rules(...(await makes(authority, 365)));
    const renewed = await engine.update(type, ending, { talosVersion: "1.12" });
    expect(fake.lines()).toEqual([
      "gen config estate https://127.0.0.1:6443 --with-secrets TMP/secrets.yaml --output-types talosconfig --output -",
    ]);
    expect(fake.calls()[0]?.files["secrets.yaml"]?.text).toBe(machineSecrets);
    expect(renewed.outputs["machineSecrets"]).toBe(machineSecrets);
    expect(renewed.outputs["clientConfiguration"]).not.toEqual(ending.outputs["clientConfiguration"]);
    expect((await engine.diff(type, renewed, { talosVersion: "1.12" })).changed).toEqual([]);
    expect([...renewed.secrets].sort()).toEqual(["clientConfiguration", "machineSecrets"]);
  });
});

describe("EtcdSnapshot", () => {
  const type = "talos:index:EtcdSnapshot";
  const path = join(folder, "backups", "etcd.db");
  const args = { node: "10.0.0.11", path, clientConfiguration };
  const sha256 = (text: string): string => createHash("sha256").update(snapshotOf(text)).digest("hex");

  test("is taken, taken again, found missing, and left behind", async () => {
    fake.rules(takes(snapshotOf("one")));
    const made = await engine.create(type, args);
    expect(made.outputs).toMatchObject({ sha256: sha256("one"), size: 1056, trigger: "" });
    expect(fake.lines()).toEqual([`etcd snapshot ${path} ${client}`]);
    expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
    expect(await engine.drift(type, made)).toEqual([]);
    expect(await engine.diff(type, made, { ...args, trigger: "1.35.0" })).toMatchObject({
      changed: ["trigger"],
      replaces: [],
    });
    fake.rules(takes(snapshotOf("other")));
    const again = await engine.update(type, made, { ...args, trigger: "1.35.0" });
    expect(again.outputs).toMatchObject({ sha256: sha256("other"), trigger: "1.35.0" });
    expect(await engine.drift(type, made)).toEqual(["sha256"]);
    await engine.delete(type, again);
    expect(readFileSync(path)).toEqual(snapshotOf("other"));
    rmSync(path);
    expect(await engine.drift(type, again)).toBe("gone");
    expect(await messageOf(engine.import(type, "x"))).toBe(
      "A snapshot cannot be imported: declare it with another path, and a new one is taken.",
    );
    expect(await engine.check(type, { ...args, path: "backup.db" })).toEqual([
      'path: "backup.db" must be an absolute path',
    ]);
  });
});

test.each([
  ["its checksum is wrong", Buffer.alloc(1056, "x"), 3],
  ["its checksum is wrong", snapshotOf("cut").subarray(0, 700), 3],
  ["there are no keys in it", snapshotOf("empty"), 0],
])("a snapshot that is not whole is an error: %s", async (reason, content, keys) => {
  const path = join(folder, "backups", "broken.db");
  fake.rules(takes(content, keys));
  const args = { node: "10.0.0.11", endpoint: "127.0.0.1:50001", path, clientConfiguration };
  expect(await messageOf(engine.create("talos:index:EtcdSnapshot", args))).toBe(
    `taking an etcd snapshot of 10.0.0.11: ${path} is no whole snapshot: ${reason}. ` +
      "Nothing was changed; run up again, and look at the node's disk when this comes again.",
  );
  expect(fake.lines()).toEqual([
    `etcd snapshot ${path} --talosconfig TMP/talosconfig --nodes 10.0.0.11 --endpoints 127.0.0.1:50001`,
  ]);
});

test("a talosctl that is not there is named, with what to do", async () => {
  const missing = join(folder, "nowhere", "talosctl");
  expect(existsSync(missing)).toBe(false);
  const without = new Engine(talos, { talosctl: missing });
  fake.rules();
  expect(await messageOf(without.create("talos:index:Secrets", { talosVersion: "1.12" }))).toBe(
    `generating the secrets: ${missing} is not there. Install talosctl, or set the provider's talosctl to its path.`,
  );
});
