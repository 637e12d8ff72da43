import { planBackup } from "../../../components/machines/backup";
import { statefulVms } from "../../../components/estate/estate.plan";
import { loadStack } from "../../../stacks";
import { entry } from "../../../stacks/estate";

const prod = loadStack("prod");
const settings = entry(prod.hosts, "pve1").backup;
const args = { org: "pmoves", host: "pve1", settings, vmIds: [111, 100] };

test("a host backs up the VMs whose disks hold what nothing else has, and no workstation or worker", () => {
  // The Docker host, the hub, the gateway and the control planes.
  expect(statefulVms(prod, "pve1")).toEqual([100, 102, 103, 111, 112, 113]);
  expect(statefulVms(prod, "pve2")).toEqual([]);
});

test("the job says when, what, where to, and how much of it stays", () => {
  expect(planBackup(args)).toEqual({
    resourceId: "estate-pmoves-pve1",
    enabled: true,
    node: "pve1",
    vmids: ["100", "111"],
    storage: "local",
    schedule: "02:30",
    repeatMissed: true,
    mode: "snapshot",
    compress: "zstd",
    pruneBackups: { "keep-daily": "7", "keep-weekly": "4", "keep-monthly": "3" },
    notesTemplate: "{{guestname}}, by the estate",
  });
});

test("there is no job without VMs, and none that nobody wants", () => {
  expect(planBackup({ ...args, vmIds: [] })).toBeUndefined();
  expect(planBackup({ ...args, settings: { ...settings, enabled: false } })).toBeUndefined();
});
