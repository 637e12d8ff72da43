import { isOurs, newVms, takenProblem, type TakenVm } from "../../operations/cli/takenVms";
import { loadStack } from "../../stacks";

// Which VMs are new by the stack's state, and what is said about an id that is taken. Proxmox itself is asked in
// test/machines/proxmox/takenVms.test.ts.
const dev = loadStack("dev");
const vmType = "proxmoxve:index/vmLegacy:VmLegacy";
const vm = (name: string, vmId: number) => ({ type: vmType, inputs: { vmId, name } });
const everything = [vm("docker", 100), vm("headscale", 102), vm("node1", 111)];

/** What `pulumi stack export` prints, as far as it matters. */
function exported(resources: readonly object[], pending: readonly object[] = []): string {
  const others = [
    { type: "pulumi:pulumi:Stack" },
    { type: "proxmoxve:firewall/rulesLegacy:RulesLegacy", inputs: { vmId: 100 } },
  ];
  return JSON.stringify({
    version: 3,
    deployment: {
      resources: [...others, ...resources],
      ...(pending.length === 0 ? {} : { pending_operations: pending }),
    },
  });
}

const idsIn = (text: string) => newVms(dev, text).map(({ vmId }) => vmId);

test.each([
  ["a stack that was never brought up", JSON.stringify({ version: 3, deployment: { manifest: {} } })],
  ["a stack without a state", JSON.stringify({ version: 3, deployment: null })],
  ["a state without VMs", exported([])],
])("%s: all VMs are new", (_, text) => {
  expect(newVms(dev, text)).toEqual([
    { name: "docker", vmId: 100, host: "pve", begun: false },
    { name: "headscale", vmId: 102, host: "pve", begun: false },
    { name: "node1", vmId: 111, host: "pve", begun: false },
  ]);
});

test("what the state has is not new, also when it is about to be deleted", () => {
  expect(idsIn(exported(everything))).toEqual([]);
  expect(idsIn(exported([...everything.slice(1), { ...vm("docker", 100), delete: true }]))).toEqual([]);
  expect(idsIn(exported(everything.slice(1)))).toEqual([100]);
});

test("a VM under another name or another id than the state's is new: its predecessor is deleted after it is made", () => {
  expect(idsIn(exported([vm("old", 100), ...everything.slice(1)]))).toEqual([100]);
  expect(idsIn(exported([vm("docker", 111), vm("headscale", 102), vm("node1", 100)]))).toEqual([100, 111]);
});

test("a VM whose creation was broken off is new, and begun; one whose change or deletion was, is not", () => {
  const pending = (type: string) => [{ type, resource: vm("docker", 100) }];
  expect(newVms(dev, exported(everything.slice(1), pending("creating")))).toEqual([
    { name: "docker", vmId: 100, host: "pve", begun: true },
  ]);
  expect(newVms(dev, exported(everything.slice(1), pending("deleting")))).toMatchObject([{ vmId: 100, begun: false }]);
  expect(idsIn(exported(everything, pending("creating")))).toEqual([]);
});

const docker: TakenVm = {
  vm: { name: "docker", vmId: 100, host: "pve", begun: true },
  by: { type: "VM", name: "docker", node: "pve" },
};

test("what has the id is the broken-off run's only when it is that VM, and that run began it", () => {
  expect(isOurs(docker)).toBe(true);
  expect(isOurs({ ...docker, vm: { ...docker.vm, begun: false } })).toBe(false);
  expect(isOurs({ ...docker, by: undefined })).toBe(false);
  for (const other of [{ type: "container" }, { name: "nas" }, { node: "pve2" }] as const)
    expect(isOurs({ ...docker, by: { type: "VM", name: "docker", node: "pve", ...other } })).toBe(false);
});

describe("what is said", () => {
  const allowed = "an id that nothing in Proxmox has";
  const path = "machines.docker.vmId";

  test("about somebody's VM", () => {
    const vm = { ...docker.vm, begun: false };
    expect(takenProblem({ vm, by: { type: "VM", name: "nas", node: "pve2" } })).toEqual({
      path,
      problem: '100 is already the id of VM "nas" on pve2, which the stack\'s state does not have as this machine',
      allowed,
      remedy: "give the machine another id",
    });
  });

  test("about what the token may not see", () => {
    expect(takenProblem({ ...docker, by: undefined }).problem).toBe(
      "100 is already the id of something that the API token may not see, which the stack's state does not have as this machine",
    );
  });

  test("about a VM that looks like an earlier run's", () => {
    expect(takenProblem(docker)).toEqual({
      path,
      problem: '100 is already the id of VM "docker" on pve, which the stack\'s state does not have as this machine',
      allowed,
      remedy: "when it is what an earlier run left: qm destroy 100 on pve, or pulumi import (docs/hosts.md)",
    });
  });

  test("about a VM that has no name yet, because Proxmox still makes it", () => {
    const { problem, remedy } = takenProblem({ ...docker, by: { type: "VM", name: "", node: "pve" } });
    expect(problem).toBe(
      "100 is already the id of VM without a name on pve, which the stack's state does not have as this machine",
    );
    expect(remedy).toBe(
      "when it is what a broken-off run began: wait for its task in Proxmox, then again; otherwise give the machine another id",
    );
  });
});
