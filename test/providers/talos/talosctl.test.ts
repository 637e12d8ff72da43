import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";

import { talos } from "../../../providers/talos/provider";
import { Engine, messageOf, text } from "../support";

import { client, clientConfiguration, engine, fake, folder, machineSecrets } from "./talosctl";

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

describe("Cluster", () => {
  const type = "talos:index:Cluster";
  const args = {
    clusterName: "core",
    bootstrapNode: "10.0.0.11",
    endpoint: "10.0.0.10",
    nodes: ["10.0.0.11"],
    clientConfiguration,
  };
  const kubeconfig = { on: "kubeconfig", writes: { after: "kubeconfig", text: "kind: Config\n" } };

  test("is bootstrapped, and lives until it is forgotten", async () => {
    fake.rules({ on: "bootstrap" }, kubeconfig);
    const made = await engine.create(type, args);
    expect(made).toMatchObject({ id: "core", outputs: { kubeconfig: "kind: Config\n" } });
    expect([...made.secrets].sort()).toEqual(["clientConfiguration", "kubeconfig", "talosconfig"]);
    expect(fake.lines()).toEqual([`bootstrap ${client}`, `kubeconfig TMP/kubeconfig --force --merge=false ${client}`]);
    fake.rules({ ...kubeconfig, writes: { after: "kubeconfig", text: "kind: Config # with a new certificate\n" } });
    expect(await engine.drift(type, made)).toEqual([]);
    fake.rules();
    const larger = await engine.update(type, made, { ...args, nodes: ["10.0.0.11", "10.0.0.12"] });
    expect(parse(text(larger, "talosconfig"))).toMatchObject({
      contexts: { core: { nodes: ["10.0.0.11", "10.0.0.12"] } },
    });
    await engine.delete(type, larger);
    expect(fake.lines()).toEqual([]);
    expect(await messageOf(engine.import(type, "core"))).toBe(
      "The cluster core cannot be read without its clientConfiguration, which an import does not have. " +
        "Declare it and run up: a cluster that was bootstrapped is not bootstrapped again.",
    );
  });

  test("that a killed run bootstrapped is not bootstrapped again", async () => {
    fake.rules(
      { on: "bootstrap", fails: "rpc error: code = AlreadyExists desc = etcd data directory is not empty" },
      kubeconfig,
    );
    expect(await engine.create(type, args)).toMatchObject({ id: "core" });
  });

  test("that does not answer is an error, not gone", async () => {
    fake.rules({ on: "bootstrap" }, kubeconfig);
    const made = await engine.create(type, args);
    fake.rules({ on: "kubeconfig", fails: "dial tcp: no route to host" });
    expect(await messageOf(engine.read(type, made))).toBe(
      "fetching the kubeconfig of core: talosctl said: dial tcp: no route to host The node could not be asked; nothing is taken for deleted.",
    );
  });
});

describe("EtcdSnapshot", () => {
  const type = "talos:index:EtcdSnapshot";
  const path = join(folder, "backups", "etcd.db");
  const args = { node: "10.0.0.11", path, clientConfiguration };
  const take = (text: string): { on: string; writes: { after: string; text: string } } => ({
    on: "etcd snapshot",
    writes: { after: "snapshot", text },
  });
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

  test("is taken, taken again, found missing, and left behind", async () => {
    fake.rules(take("one"));
    const made = await engine.create(type, args);
    expect(made.outputs).toMatchObject({ sha256: sha256("one"), size: 3, trigger: "" });
    expect(fake.lines()).toEqual([`etcd snapshot ${path} ${client}`]);
    expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
    expect(await engine.drift(type, made)).toEqual([]);
    expect(await engine.diff(type, made, { ...args, trigger: "1.35.0" })).toMatchObject({
      changed: ["trigger"],
      replaces: [],
    });
    fake.rules(take("other"));
    const again = await engine.update(type, made, { ...args, trigger: "1.35.0" });
    expect(again.outputs).toMatchObject({ sha256: sha256("other"), trigger: "1.35.0" });
    expect(await engine.drift(type, made)).toEqual(["sha256", "size"]);
    await engine.delete(type, again);
    expect(readFileSync(path, "utf8")).toBe("other");
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

test("a talosctl that is not there is named, with what to do", async () => {
  const missing = join(folder, "nowhere", "talosctl");
  expect(existsSync(missing)).toBe(false);
  const without = new Engine(talos, { talosctl: missing });
  fake.rules();
  expect(await messageOf(without.create("talos:index:Secrets", { talosVersion: "1.12" }))).toBe(
    `generating the secrets: ${missing} is not there. Install talosctl, or set the provider's talosctl to its path.`,
  );
});
