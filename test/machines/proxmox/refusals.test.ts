import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { authorization, mapping, Place, token } from "./support";

// What the emulator refuses, asked over HTTPS as any client would. The wording is that of Proxmox's own sources (qemu-server,
// pve-common, pve-storage, pve-firewall); no Proxmox was asked.
const narrow = {
  id: "root@pam!narrow",
  secret: "99999999-2222-3333-4444-555555555555",
  privileges: { "/": ["VM.Audit"], "/vms": ["VM.Allocate", "VM.Audit", "VM.Config.HWType", "VM.Config.Options"] },
};
const place = new Place();
beforeAll(async () => {
  await place.start({
    tokens: { [token.id]: token, [narrow.id]: narrow },
    passwords: { "root@pam": "secret-of-a-test" },
  });
  await place.ask("POST", "/cluster/mapping/pci", mapping);
  await place.task("POST", "/nodes/pve1/qemu", { vmid: "100", name: "first" });
});
afterAll(() => place.remove());

const create = (fields: Record<string, string>) => place.ask("POST", "/nodes/pve1/qemu", { vmid: "200", ...fields });

describe("parameters that the API does not describe", () => {
  test.each([
    [
      { colour: "red" },
      { colour: "property is not defined in schema and the schema does not allow additional properties" },
    ],
    [
      { net32: "virtio" },
      { net32: "property is not defined in schema and the schema does not allow additional properties" },
    ],
    [{ cores: "many" }, { cores: "type check ('integer') failed - got 'many'" }],
    [{ cores: "0" }, { cores: "value must have a minimum value of 1" }],
    [{ cpulimit: "129" }, { cpulimit: "value must have a maximum value of 128" }],
    [{ onboot: "yes" }, { onboot: "type check ('boolean') failed - got 'yes'" }],
    [{ bios: "efi" }, { bios: "value 'efi' does not have a value in the enumeration 'seabios, ovmf'" }],
    [{ name: "no_name" }, { name: "value does not match the regex pattern" }],
    [
      { hostpci0: "mapping=pve1-card,slot=1" },
      {
        hostpci0:
          "invalid format - format error\nslot: property is not defined in schema and the schema does not allow additional properties",
      },
    ],
    [{ boot: "order=scsi0" }, { boot: "invalid bootorder: device 'scsi0' does not exist'" }],
    [{ scsi0: "local:32" }, { storage: "storage 'local' does not support vm images" }],
  ])("%j", async (fields, errors) => {
    expect(await create(fields)).toEqual({
      status: 400,
      reason: "Parameter verification failed.",
      data: null,
      errors,
      message: "Parameter verification failed.\n",
    });
  });

  test("every wrong one is named, and one that is missing", async () => {
    const { errors } = await place.ask("POST", "/nodes/pve1/qemu", { cores: "0", colour: "red" });
    expect(Object.keys(errors ?? {}).sort()).toEqual(["colour", "cores", "vmid"]);
    expect(errors?.["vmid"]).toBe("property is missing and it is not optional");
  });
});

describe("what Proxmox dies of", () => {
  test.each([
    [{ hostpci0: "host=0000:01:00,pcie=1" }, "only root can set 'hostpci0' config for non-mapped devices"],
    [{ hostpci0: "0000:01:00" }, "only root can set 'hostpci0' config for non-mapped devices"],
    [{ hostpci0: "pcie=1" }, "either 'host' or 'mapping' must be set."],
    [{ args: "-cpu host" }, "only root can set 'args' config"],
    [{ vmid: "100" }, "unable to create VM 100 - VM 100 already exists on node 'pve1'"],
    [{ scsi0: "nowhere:32" }, "storage 'nowhere' does not exist"],
    [{ scsi0: "local-lvm:0,import-from=local:import/a.qcow2" }, "volume 'local:import/a.qcow2' does not exist"],
  ])("%j", async (fields, reason) => {
    expect(await create(fields)).toEqual({ status: 500, reason, data: null, message: `${reason}\n` });
    expect(Object.keys(place.proxmox.read().vms)).toEqual(["100"]);
  });

  test.each([
    [
      "/nodes/pve9/qemu",
      "hostname lookup 'pve9' failed - failed to get address info for: pve9: Name or service not known",
    ],
    ["/nodes/pve1/qemu/101/config", "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist"],
    ["/nodes/pve2/qemu/100/config", "Configuration file 'nodes/pve2/qemu-server/100.conf' does not exist"],
    ["/nodes/pve1/storage/nowhere/content", "storage 'nowhere' does not exist"],
    ["/nodes/pve1/qemu/100/agent/network-get-interfaces", "No QEMU guest agent configured"],
    ["/nodes/pve1/qemu/100/firewall/rules/0", "no rule at position 0"],
    ["/cluster/mapping/pci/none", "mapping 'none' not found"],
  ])("%s", async (path, reason) => {
    expect(await place.ask("GET", path)).toMatchObject({ status: 500, reason });
  });

  test("root itself, with a ticket and its CSRF token, may pass a raw device", async () => {
    const login = { username: "root@pam", password: "secret-of-a-test" };
    const answer = z.object({ ticket: z.string(), CSRFPreventionToken: z.string() });
    const { data } = await place.ask("POST", "/access/ticket", login, {});
    const { ticket, CSRFPreventionToken: csrf } = answer.parse(data);
    const cookie = { Cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}` };
    const raw = { vmid: "300", hostpci0: "host=0000:01:00" };
    expect((await place.ask("POST", "/nodes/pve1/qemu", raw, cookie)).reason).toBe(
      "Permission denied - invalid csrf token",
    );
    expect((await place.ask("POST", "/nodes/pve1/qemu", raw, { ...cookie, CSRFPreventionToken: csrf })).status).toBe(
      200,
    );
    await place.task("DELETE", "/nodes/pve1/qemu/300");
  });
});

describe("who asks", () => {
  test.each([
    [{}, "No ticket"],
    [authorization({ ...token, secret: "wrong" }), "Authentication failed!"],
    [authorization({ ...token, id: "root@pam!other" }), "Authentication failed!"],
  ])("%j is refused", async (headers, reason) => {
    expect(await place.ask("GET", "/version", {}, headers)).toMatchObject({ status: 401, reason });
  });

  test.each([
    ["POST", "/nodes/pve1/qemu", { vmid: "200", cores: "2" }, "/vms/200, VM.Config.CPU"],
    ["POST", "/nodes/pve1/qemu", { vmid: "200", hostpci0: "mapping=pve1-card" }, "/mapping/pci/pve1-card, Mapping.Use"],
    ["POST", "/nodes/pve1/qemu/100/status/start", {}, "/vms/100, VM.PowerMgmt"],
    ["POST", "/cluster/mapping/pci", { ...mapping, id: "other" }, "/mapping/pci, Mapping.Modify"],
    ["GET", "/nodes/pve1/storage/local/content", {}, "/storage/local, Datastore.Audit|Datastore.AllocateSpace"],
  ])("%s %s %j without the privilege", async (method, path, fields, missing) => {
    expect(await place.ask(method, path, fields, authorization(narrow))).toMatchObject({
      status: 403,
      reason: `Permission check failed (${missing})`,
    });
  });
});

test("whoever is logged in learns whether a VM id is free, also of VMs that they may not see", async () => {
  const asked = (vmid: string) => place.ask("GET", "/cluster/nextid", { vmid }, authorization(narrow));
  expect(await asked("100")).toMatchObject({ status: 400, errors: { vmid: "VM 100 already exists" } });
  expect(await asked("777")).toMatchObject({ status: 200, data: "777" });
});

describe("changing a drive of a VM", () => {
  const disk = { id: "root@pam!disk", secret: narrow.secret, privileges: { "/": ["VM.Allocate", "VM.Config.Disk"] } };
  test("takes a privilege by what it is; at its creation the storages' are enough", async () => {
    await place.proxmox.close();
    await place.start({ tokens: { [token.id]: token, [narrow.id]: narrow, [disk.id]: disk } });
    const change = (method: string, path: string, fields: Record<string, string>) =>
      place.ask(method, path, fields, authorization(disk));
    expect((await change("POST", "/nodes/pve1/qemu", { vmid: "500", ide0: "none,media=cdrom" })).status).toBe(200);
    expect(await change("PUT", "/nodes/pve1/qemu/500/config", { ide0: "none,media=cdrom" })).toMatchObject({
      status: 403,
      reason: "Permission check failed (/vms/500, VM.Config.CDROM)",
    });
    await place.ask("DELETE", "/nodes/pve1/qemu/500");
  });
});

describe("a VM with a card", () => {
  const start = (vmid: string) => place.task("POST", `/nodes/pve1/qemu/${vmid}/status/start`);
  const withCard = (vmid: string) =>
    place.task("POST", "/nodes/pve1/qemu", { vmid, machine: "q35", hostpci0: "mapping=pve1-card,pcie=1" });

  test("is started once per card; a second VM with the same card is not", async () => {
    expect([await withCard("400"), await withCard("401"), await start("400")]).toEqual(["OK", "OK", "OK"]);
    expect(await start("401")).toBe("PCI device '0000:01:00.0' already in use by running VMID '400'");
    expect((await place.ask("DELETE", "/nodes/pve1/qemu/400")).reason).toBe("VM 400 is running - destroy failed");
    expect((await place.ask("POST", "/nodes/pve1/qemu/400/status/start")).reason).toBe("VM 400 already running");
    expect(await place.task("POST", "/nodes/pve1/qemu/400/status/stop")).toBe("OK");
    expect(await start("401")).toBe("OK");
    expect(await place.task("POST", "/nodes/pve1/qemu/401/status/stop")).toBe("OK");
  });

  test.each([
    [{ subsystem: "1043:889a" }, "missing expected property 'subsystem-id' for device '0000:01:00.0'"],
    [{ iommugroup: 15 }, "'iommugroup' does not match for 'pve1-card' (15 != 14)"],
    [{ iommugroup: undefined }, "unexpected property 'iommugroup' configured for device '0000:01:00.0'"],
  ])("is not started when the host knows of it %j", async (known, problem) => {
    const before = place.proxmox.read().nodes;
    place.proxmox.edit(({ nodes }) => void Object.assign(nodes["pve1"]?.devices["0000:01:00.0"] ?? {}, known));
    expect(await start("400")).toBe(`PCI device mapping invalid (hardware probably changed): ${problem}`);
    place.proxmox.edit((state) => void Object.assign(state, { nodes: before }));
  });

  test("is not started when the mapping has gone, or another card is in the slot", async () => {
    place.proxmox.edit((state) => {
      for (const device of Object.values(state.nodes["pve1"]?.devices ?? {})) device.id = "10de:2204";
    });
    expect(await start("400")).toBe(
      "PCI device mapping invalid (hardware probably changed): 'id' does not match for 'pve1-card' (10de:2204 != 10de:2684)",
    );
    await place.ask("DELETE", "/cluster/mapping/pci/pve1-card");
    expect(await start("400")).toBe("PCI device mapping not found for 'pve1-card'");
  });
});

test("what was made outlives the process, and an edit of its file by hand is seen at once", async () => {
  const file = place.proxmox.stateFile;
  writeFileSync(file, readFileSync(file, "utf8").replace('"name": "first"', '"name": "renamed"'));
  expect((await place.ask("GET", "/nodes/pve1/qemu/100/config")).data).toMatchObject({ name: "renamed" });
  await place.proxmox.close();
  await place.start();
  expect((await place.ask("GET", "/nodes/pve1/qemu/100/config")).data).toMatchObject({ name: "renamed" });
});

test("a state that is none is said to be none, and not overwritten", async () => {
  const file = place.proxmox.stateFile;
  const good = readFileSync(file, "utf8");
  writeFileSync(file, '{"nodes": 1}');
  const { status, message } = await place.ask("GET", "/nodes");
  expect([status, readFileSync(file, "utf8")]).toEqual([500, '{"nodes": 1}']);
  expect(message).toContain(`${file} is no state of the Proxmox emulator:`);
  writeFileSync(file, good);
});
