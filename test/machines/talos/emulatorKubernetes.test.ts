import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freeTcpPort } from "../../../lab/control/ports";
import type { TalosMachines } from "../../../lab/control/talos";
import {
  identityOf,
  type Kubernetes,
  nodeFactsOf,
  registerNodes,
  registerStaticPods,
  startKubernetes,
} from "../../../lab/kubernetes";
import { kubernetesTools } from "../kubernetes/support";
import { Operator } from "./support/operator";
import { scratch } from "./support/talos";

// talosctl upgrades the Kubernetes of played Talos machines, whose nodes and static pods a real API server shows. It can't
// prove that other versions of Kubernetes run: the API server stays the one that it is.

// Building Kubernetes takes minutes where it is not in the cache yet.
jest.setTimeout(1_800_000);

let ends = false;
let following: Promise<void>;

// Declared before the folder, whose removal would come first otherwise.
afterAll(async () => {
  ends = true;
  await following;
  await kubernetes.stop();
  await machines.stop();
});

const folder = scratch();
let operator: Operator;
let machines: TalosMachines;
let kubernetes: Kubernetes;

/** Tells Kubernetes what the machines are, as a hypervisor does all the time. */
async function tell(): Promise<void> {
  const view = await machines.view();
  const hardware = { cores: 2, memory: 4 * 1024 ** 3, gpus: 0 };
  const facts = await Promise.all(
    view.machines.map(async ({ address, version, ready, cordoned }) =>
      nodeFactsOf((await machines.config(address)) ?? "", { ...hardware, address, talos: version, ready, cordoned }),
    ),
  );
  await registerNodes(kubernetes, facts);
  const pods = view.machines.flatMap(({ hostname = "", pods }) => pods.map((pod) => ({ node: hostname, ...pod })));
  await registerStaticPods(kubernetes, pods);
}

async function follow(): Promise<void> {
  while (!ends) {
    await tell();
    await sleep(200);
  }
}

beforeAll(async () => {
  operator = await Operator.create(folder, ["cp1", "cp2", "cp3"], ["w1"]);
  machines = await operator.start(join(folder, "machines"));
  await operator.settle(machines);
  const port = await freeTcpPort();
  const identity = identityOf((await machines.config(operator.member("cp1").address)) ?? "");
  kubernetes = await startKubernetes({
    directory: join(folder, "core"),
    tools: await kubernetesTools(),
    identity,
    port,
  });
  await machines.publish("core", kubernetes.server);
  await tell();
  following = follow();
});

const versions = async () =>
  (await machines.view()).machines.map(({ kubelet, pods }) => [
    kubelet,
    ...pods.map(({ image }) => image.split(":v")[1]),
  ]);

/** Three control planes and a worker. */
const all = (version: string) => [...Array.from({ length: 3 }, () => [version, version, version, version]), [version]];

function upgrade(...more: string[]) {
  const quiet = ["--pre-pull-images=false", "--with-docs=false", "--with-examples=false"];
  return operator.on(["cp1"], ["upgrade-k8s", "--to", "1.34.4", ...quiet, ...more]);
}

test("talosctl plans an upgrade of Kubernetes from what the API server shows", async () => {
  const { code, text } = await upgrade("--dry-run");
  expect(text).toContain("automatically detected the lowest Kubernetes version 1.34.3");
  expect(text).toContain("> update kube-apiserver: v1.34.3 -> 1.34.4");
  expect(text).toContain("> update kubelet: 1.34.3 -> 1.34.4");
  expect(code).toBe(0);
  expect(await versions()).toEqual(all("1.34.3"));
});

test("talosctl upgrades Kubernetes, node by node", async () => {
  const { code, text } = await upgrade();
  expect([code, text]).toEqual([0, expect.stringContaining('> "192.0.2.14": starting update')]);
  expect(await versions()).toEqual(all("1.34.4"));
  const journal = (await machines.view()).journal.map(({ node, what }) => `${node} ${what}`);
  expect(journal.filter((entry) => /(kube-apiserver|kubelet) 1\.34\.4$/.test(entry))).toEqual([
    ...["11", "12", "13"].map((last) => `192.0.2.${last} kube-apiserver 1.34.4`),
    ...["11", "12", "13", "14"].map((last) => `192.0.2.${last} kubelet 1.34.4`),
  ]);
});
