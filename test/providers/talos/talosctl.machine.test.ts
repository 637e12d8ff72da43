import { parse } from "yaml";

import { messageOf } from "../support";

import { client, clientConfiguration, engine, fake, machineSecrets } from "./talosctl";

const config = (kubelet: string): string =>
  [
    `machine:\n  type: worker\n  kubelet: {image: "ghcr.io/siderolabs/kubelet:v${kubelet}"}\n  install: {image: "factory/x:v1.12.0"}`,
    `cluster:\n  clusterName: core\n  controlPlane: {endpoint: "https://10.0.0.10:6443"}\n---\nkind: HostnameConfig\n`,
  ].join("\n");
const serverVersion = "Client:\n\tTag: v1.11.0\nServer:\n\tNODE: 10.0.0.11\n\tTag:         v1.12.0\n";

describe("Machine", () => {
  const type = "talos:index:Machine";
  const args = {
    ...{ node: "10.0.0.11", machineType: "worker", clusterName: "core", clusterEndpoint: "https://10.0.0.10:6443" },
    ...{ secrets: machineSecrets, clientConfiguration, kubernetesVersion: "v1.34.3", talosVersion: "1.12.0" },
    ...{ installImage: "factory/x:v1.12.0", patches: [{ machine: { a: 1 } }, "cluster: {}"] },
  };
  const generate = { on: "gen config", stdout: config("1.34.3") };

  test("in maintenance mode is configured by its first configuration", async () => {
    fake.rules(
      generate,
      { on: "apply-config --insecure" },
      { on: "apply-config", fails: "tls: failed to verify certificate: x509: unknown" },
    );
    const made = await engine.create(type, args);
    expect(made).toMatchObject({ id: "10.0.0.11", outputs: { contract: "1.12", image: "factory/x:v1.12.0" } });
    expect(fake.lines()).toEqual([
      "gen config core https://10.0.0.10:6443 --with-secrets TMP/secrets.yaml --output-types worker --output - --with-docs=false " +
        "--with-examples=false --talos-version v1.12 --kubernetes-version 1.34.3 --install-image factory/x:v1.12.0 " +
        "--config-patch @TMP/patch-0.yaml --config-patch @TMP/patch-1.yaml",
      `apply-config --file TMP/machine.yaml ${client}`,
      "apply-config --insecure --nodes 10.0.0.11 --file TMP/machine.yaml",
    ]);
    const [first, second] = fake.calls();
    expect(first?.files["patch-0.yaml"]?.text).toBe('{"machine":{"a":1}}');
    expect(first?.files["secrets.yaml"]?.text).toBe(machineSecrets);
    expect(parse(second?.files["talosconfig"]?.text ?? "")).toEqual({
      context: "core",
      contexts: { core: { endpoints: ["10.0.0.11"], nodes: ["10.0.0.11"], ...clientConfiguration } },
    });
  });

  test("that is still booting is waited for, within a bound", async () => {
    const refused = "rpc error: code = Unavailable desc = connection refused";
    fake.rules(generate, { on: "apply-config", fails: refused, times: 2 }, { on: "apply-config" });
    await engine.create(type, args);
    fake.rules(generate, { on: "apply-config", fails: refused });
    expect(await messageOf(engine.create(type, args))).toBe(
      `configuring 10.0.0.11: talosctl said: ${refused} The node could not be asked; nothing is taken for deleted.`,
    );
    expect(fake.lines()).toHaveLength(4);
  });

  test("is read: nothing is drift that was applied, and what differs is named", async () => {
    fake.rules(generate, { on: "apply-config" });
    const made = await engine.create(type, args);
    const get = "get machineconfig v1alpha1";
    fake.rules({ on: get, stdout: `# other words\n${config("1.34.3")}` }, { on: "version", stdout: serverVersion });
    expect(await engine.drift(type, made)).toEqual([]);
    expect(fake.lines()).toEqual([`${get} --output jsonpath={.spec} ${client}`, `version ${client}`]);
    fake.rules({ on: get, stdout: config("1.33.0") }, { on: "version", stdout: serverVersion });
    expect(await engine.drift(type, made)).toEqual(["configHash", "kubernetesVersion"]);
    fake.rules(
      { on: get, stdout: `${config("1.34.3")}more: 1\n` },
      { on: "version", stdout: serverVersion.replaceAll("1.12.0", "1.12.1") },
    );
    expect(await engine.drift(type, made)).toEqual(["configHash", "talosVersion"]);
  });

  test("with another configuration than was applied is configured again", async () => {
    fake.rules(generate, { on: "apply-config" });
    const made = await engine.create(type, args);
    fake.rules(
      { on: "get machineconfig", stdout: `${config("1.34.3")}more: 1\n` },
      { on: "version", stdout: serverVersion },
    );
    const seen = await engine.read(type, made);
    expect(seen && (await engine.diff(type, seen, args)).changed).toEqual(["configHash"]);
  });

  test("that cannot be asked is an error, and what it says has no secret in it", async () => {
    fake.rules(generate, { on: "apply-config" });
    const made = await engine.create(type, args);
    fake.rules({ on: "get machineconfig", fails: `i/o timeout, sent ${"QUJD".repeat(20)}` });
    expect(await messageOf(engine.read(type, made))).toBe(
      "reading the configuration of 10.0.0.11: talosctl said: i/o timeout, sent [secret] The node could not be asked; nothing is taken for deleted.",
    );
  });

  test("changes in place, and no first configuration is sent", async () => {
    fake.rules(generate, { on: "apply-config" });
    const made = await engine.create(type, args);
    const get = { on: "get machineconfig", stdout: config("1.34.3") };
    fake.rules(generate, get, { on: "apply-config" });
    await engine.update(type, made, { ...args, patches: [] });
    expect(fake.lines().map((line) => line.split(" --")[0])).toEqual([
      "gen config core https://10.0.0.10:6443",
      "get machineconfig v1alpha1",
      "apply-config",
    ]);
    expect(fake.lines().at(-1)).toBe(`apply-config --mode=no-reboot --file TMP/machine.yaml ${client}`);
    fake.rules(generate, get, { on: "apply-config", fails: "x509: certificate signed by unknown authority" });
    expect(await messageOf(engine.update(type, made, args))).toBe(
      "configuring 10.0.0.11: talosctl said: x509: certificate signed by unknown authority",
    );
    expect(fake.lines().join("\n")).not.toContain("--insecure");
  });

  test("keeps the Kubernetes it has until the cluster gets another", async () => {
    fake.rules(generate, { on: "apply-config" });
    const made = await engine.create(type, args);
    fake.rules(generate, { on: "get machineconfig", stdout: config("1.34.3") }, { on: "apply-config" });
    const next = await engine.update(type, made, { ...args, kubernetesVersion: "1.35.0" });
    const versions = fake.lines().flatMap((line) => /--kubernetes-version (\S+)/.exec(line)?.[1] ?? []);
    expect(versions).toEqual(["1.35.0", "1.34.3"]);
    expect(next.outputs["configHash"]).toBe(next.outputs["appliedHash"]);
  });

  test("keeps the configuration format it first had when it is upgraded", async () => {
    fake.rules(generate, { on: "apply-config" }, { on: "upgrade" });
    const made = await engine.create(type, args);
    expect(await engine.check(type, { ...args, talosVersion: "1.13.0" }, made.inputs)).toMatchObject({
      contract: "1.12",
    });
  });

  const make = (): ReturnType<typeof engine.create> => {
    fake.rules(generate, { on: "apply-config" });
    return engine.create(type, { ...args, kubernetesVersion: "1.34.3" });
  };

  test.each([
    [
      { talosVersion: "1.14.0" },
      "talosVersion: from Talos 1.12.0 to 1.14.0 is more than one minor version: go to 1.13 first, then on from there",
    ],
    [
      { kubernetesVersion: "1.32.1" },
      "kubernetesVersion: from Kubernetes 1.34.3 to 1.32.1 is more than one minor version: go to 1.33 first, then on from there",
    ],
    [
      { kubernetesVersion: "1.33.9" },
      "kubernetesVersion: Kubernetes does not go back from 1.34.3 to 1.33.9: name 1.34.3 again",
    ],
  ])("a preview refuses %j", async (change, expected) => {
    expect(await engine.check(type, { ...args, ...change }, (await make()).inputs)).toEqual([expected]);
  });

  test("a preview refuses a Talos that does not run the Kubernetes which is there until after it", async () => {
    fake.rules(generate, { on: "apply-config" });
    const old = await engine.create(type, { ...args, kubernetesVersion: "1.30.0" });
    expect(
      await engine.check(type, { ...args, talosVersion: "1.13.0", kubernetesVersion: "1.31.0" }, old.inputs),
    ).toEqual([
      "talosVersion: Talos is upgraded before Kubernetes, and then Kubernetes 1.30.0 does not run on Talos 1.13, which has Kubernetes " +
        "1.31 to 1.36; change one of the two: bring the other Kubernetes up first, then this Talos",
    ]);
  });

  test("cannot be imported", async () => {
    expect(await messageOf(engine.import(type, "10.0.0.11"))).toBe(
      "The machine 10.0.0.11 cannot be read without the cluster's clientConfiguration, which an import does not have. " +
        "Declare it and run up: applying the configuration it has changes nothing.",
    );
  });
});
