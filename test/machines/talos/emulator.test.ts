import { readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { z } from "zod";
import { freeTcpPort } from "../../../lab/control/ports";
import { findTalosMachines, startTalosMachines, type TalosMachines, type TalosView } from "../../../lab/control/talos";
import { messageOf } from "../../providers/support";
import { editFile, Operator } from "./support/operator";
import { scratch, toolPath, until } from "./support/talos";

// What plays a lab's Talos machines, as their hypervisor and an operator use it. It can't prove what real Talos does.

// Building talosctl takes minutes where it is not in the cache yet.
jest.setTimeout(900_000);

const folder = scratch();
const directory = join(folder, "machines");
let operator: Operator;
let machines: TalosMachines;

beforeAll(async () => {
  operator = await Operator.create(folder, ["cp1", "cp2", "cp3"], ["w1"]);
  machines = await operator.start(directory);
  await operator.settle(machines);
});

afterAll(async () => {
  await machines.stop();
});

const seen = (view: TalosView, name: string) =>
  view.machines.find(({ address }) => address === operator.member(name).address);

const kubeconfigShape = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.string(), "certificate-authority-data": z.string() }) }),
  ]),
  users: z.tuple([z.object({ user: z.object({ "client-certificate-data": z.string() }) })]),
});

async function kubeconfig() {
  const file = join(folder, "kubeconfig");
  const { code, text } = await operator.on(["cp2"], ["kubeconfig", file, "--force", "--merge=false"]);
  expect([code, text]).toEqual([0, ""]);
  return kubeconfigShape.parse(parse(readFileSync(file, "utf8")));
}

async function restarted(): Promise<TalosMachines> {
  const binary = await toolPath("talos-machine");
  const again = await startTalosMachines({ binary, directory, machines: [], boot: 200, settle: 50 });
  await until(again, (view) => view.machines.length === 4 && view.machines.every(({ ready }) => ready));
  return again;
}

test("its view says what a hypervisor needs to know of machines and clusters", async () => {
  const view = await machines.view();
  expect(seen(view, "cp1")).toEqual({
    ...{ address: "192.0.2.11", listen: operator.member("cp1").endpoint, phase: "running", version: "1.12.0" },
    ...{ hostname: "cp1", cluster: "core", type: "controlplane", kubelet: "1.34.3" },
    ...{ member: true, ready: true, cordoned: false },
    pods: ["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map((name) => ({
      ...{ name, image: `registry.k8s.io/${name}:v1.34.3`, config: "1" },
    })),
  });
  expect(seen(view, "w1")).toMatchObject({ hostname: "w1", type: "worker", pods: [], member: false });
  const members = ["192.0.2.11", "192.0.2.12", "192.0.2.13"];
  expect(view.clusters).toMatchObject([{ name: "core", bootstrapped: true, members, quorumLost: 0 }]);
});

test("its control socket is its owner's only, and gives out the configuration that was applied", async () => {
  expect((statSync(join(directory, "control.sock")).mode & 0o777).toString(8)).toBe("600");
  expect(await machines.config("192.0.2.11")).toBe(readFileSync(operator.configFile("cp1"), "utf8"));
  expect(await machines.config("192.0.2.99")).toBeUndefined();
});

test("kubeconfigs lead to the API server that was published, and are signed by the cluster's own authority", async () => {
  expect((await kubeconfig()).clusters[0].cluster.server).toBe("https://192.0.2.11:6443");
  await machines.publish("core", "https://127.0.0.1:7443");
  expect((await machines.view()).clusters).toMatchObject([{ kubernetes: "https://127.0.0.1:7443" }]);
  const { clusters } = await kubeconfig();
  expect(clusters[0].cluster.server).toBe("https://127.0.0.1:7443");
  const config = await machines.config("192.0.2.11");
  expect(config).toContain(clusters[0].cluster["certificate-authority-data"]);
  expect(await messageOf(machines.publish("core", "127.0.0.1:7443"))).toContain("is not https://HOST:PORT");
});

test("stopped or killed, it starts again with all as it was; two at once are refused", async () => {
  const before = await machines.view();
  await machines.stop();
  machines = await restarted();
  process.kill(machines.pid, "SIGKILL");
  await sleep(100);
  expect(findTalosMachines(directory)).toBeUndefined();
  machines = await restarted();
  const after = await machines.view();
  expect(after.machines).toEqual(before.machines);
  expect(after.clusters).toMatchObject([
    { kubernetes: "https://127.0.0.1:7443", members: before.clusters[0]?.members },
  ]);
  expect(after.journal.slice(0, before.journal.length)).toEqual(before.journal);
  await expect(restarted()).rejects.toThrow(`Process ${machines.pid} plays the machines of ${directory} already`);
  // The first is not harmed, and found.
  expect((await findTalosMachines(directory)?.view())?.machines).toEqual(after.machines);
});

test("a machine moves to another port without a reboot", async () => {
  const bootId = await operator.on(["w1"], ["read", "/proc/sys/kernel/random/boot_id"]);
  const listen = `127.0.0.1:${await freeTcpPort()}`;
  await machines.add({ address: "192.0.2.14", listen });
  const at = ["--talosconfig", operator.talosconfig, "--nodes", "192.0.2.14", "--endpoints", listen];
  expect(await operator.run("read", "/proc/sys/kernel/random/boot_id", ...at)).toEqual(bootId);
  expect((await operator.on(["w1"], ["version"])).code).toBe(1);
  await machines.add({ address: "192.0.2.14", listen: operator.member("w1").endpoint });
  expect(await messageOf(machines.add({ address: "192.0.2.14", listen: "0.0.0.0:50000" }))).toContain(
    "0.0.0.0:50000 is not an address of loopback",
  );
});

test("a port that is taken is reported, and the machine answers when it is free", async () => {
  const other = await occupy();
  const listen = `127.0.0.1:${other.port}`;
  await machines.add({ address: "192.0.2.50", listen });
  const view = await until(machines, ({ machines: all }) => all.some(({ problem }) => problem !== undefined));
  expect(view.machines.find(({ address }) => address === "192.0.2.50")).toMatchObject({
    ...{ phase: "booting", ready: false, problem: `listen tcp ${listen}: bind: address already in use` },
  });
  other.server.close();
  await until(machines, ({ machines: all }) => all.some(({ phase }) => phase === "maintenance"));
  await machines.act("192.0.2.50", "destroy");
  await machines.act("192.0.2.50", "destroy");
  expect((await machines.view()).machines).toHaveLength(4);
  expect(await messageOf(machines.act("192.0.2.50", "off"))).toContain("no such machine");
});

async function occupy(): Promise<{ server: Server; port: number }> {
  const port = await freeTcpPort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { server, port };
}

test.each([
  [["etcd", "status"], /^192\.0\.2\.12 .* 3\.6\.6/m],
  [["etcd", "members"], /^192\.0\.2\.12 +[0-9a-f]{16} +cp3 +https:\/\/192\.0\.2\.13:2380 /m],
  [["etcd", "alarm", "list"], /^$/],
  [["etcd", "defrag"], /^$/],
  [["get", "members"], /cp3 .* controlplane +Talos \(v1\.12\.0\) +\["192\.0\.2\.13"\]/],
  [["get", "machinestatus"], /running +true/],
  [["get", "extensions"], /^NODE/],
  [["get", "hostname"], /hostname +1 +cp2/],
  [["get", "kubeletspec", "--output", "jsonpath={.spec.image}"], /^ghcr\.io\/siderolabs\/kubelet:v1\.34\.3$/m],
  [["service", "etcd"], /HEALTH +OK/],
  [["version"], /NODE: +192\.0\.2\.12\s+Tag: +v1\.12\.0/],
  [["reboot", "--wait"], /post check passed/],
])("an operator's talosctl %j works through another control plane", async (args, answer) => {
  const { code, text } = await operator.on(["cp2"], args, "cp1");
  expect([code, text]).toEqual([0, expect.stringMatching(answer)]);
  await until(machines, (view) => view.machines.every(({ ready }) => ready));
});

test("several machines answer one call, and one that is off is said to be", async () => {
  await machines.act("192.0.2.13", "off");
  const { code, text } = await operator.on(["cp1", "cp2", "cp3"], ["etcd", "status"]);
  expect(code).toBe(0);
  expect(text.match(/^192\.0\.2\.1[123] /gm)).toEqual(["192.0.2.11 ", "192.0.2.12 "]);
  expect(text).toMatch(/192\.0\.2\.13: .*no route to host/);
  await machines.act("192.0.2.13", "on");
  await until(machines, (view) => view.machines.every(({ ready }) => ready));
});

test("a machine that is wiped through its endpoint says by itself that it is in maintenance mode", async () => {
  const { code } = await operator.on(["w1"], ["reset", "--graceful", "--reboot", "--wait=false"]);
  expect(code).toBe(0);
  await until(machines, (view) => seen(view, "w1")?.phase === "maintenance");
  const at = ["--insecure", "--nodes", operator.member("w1").endpoint];
  const stage = await operator.run("get", "machinestatus", ...at, "--output", "jsonpath={.spec.stage}");
  expect(stage).toEqual({ code: 0, text: "maintenance\n" });
  expect(await machines.config("192.0.2.14")).toBeUndefined();
  const { journal } = await machines.view();
  const own = journal.filter(({ node }) => node === "192.0.2.14").map(({ what }) => what);
  expect(own.slice(own.indexOf("reset"), own.indexOf("boots", own.indexOf("reset")))).toEqual([
    ...["reset", "cordon and drain", "down: reset"],
  ]);
  expect((await machines.view()).machines.map(({ cordoned }) => cordoned)).toEqual([false, false, false, false]);
});

test("nothing secret is in its log or its view", async () => {
  const config = readFileSync(operator.configFile("cp1"), "utf8");
  const secrets = config.match(/(?<=(?:key|token|secret|secretboxEncryptionSecret): )\S{16,}/g) ?? [];
  expect(secrets.length).toBeGreaterThan(5);
  // One that Talos does not take is refused without its text.
  const odd = editFile(operator.configFile("cp1"), (text) => text.replace("type: controlplane", "type: controlplan"));
  expect((await operator.on(["cp1"], ["apply-config", "--file", odd])).code).toBe(1);
  const said = readFileSync(machines.log, "utf8") + JSON.stringify(await machines.view());
  for (const secret of secrets) expect(said).not.toContain(secret);
});
