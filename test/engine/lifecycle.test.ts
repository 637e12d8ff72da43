import { changes, count, Lab, ok } from "./support/lab";

// The real CLI and engine, the project's own providers, and the simulator. What real providers accept, it cannot prove.
const lab = new Lab();
afterAll(() => {
  lab.remove();
});

// One story: each test starts from the world that the one before it left.
describe("the life of stack dev", () => {
  let previewed: number;

  test("a preview from nothing lists at least 60 resources and changes nothing", async () => {
    const run = ok(await lab.estate("preview"));
    expect(run.output).toContain("SIMULATED");
    previewed = count(run, "to create");
    expect(previewed).toBeGreaterThanOrEqual(60);
    expect(lab.inventory()).toEqual([]);
  });

  test("up creates exactly what the preview listed and says what came up", async () => {
    const run = ok(await lab.estate("up"));
    expect(count(run, "created")).toBe(previewed);
    expect(run.output).toContain("What is up in stack dev (simulated)");
    expect(run.output).toContain("machines.docker: 192.168.50.100");
  });

  test("a second up changes nothing", async () => {
    const before = lab.world();
    const run = ok(await lab.estate("up"));
    expect(count(run, "unchanged")).toBe(previewed);
    expect(changes(run)).toEqual([]);
    expect(lab.world()).toEqual(before);
  });

  test("a preview then has nothing to do, and a refresh finds no drift", async () => {
    const preview = ok(await lab.estate("preview"));
    expect(count(preview, "unchanged")).toBe(previewed);
    expect(changes(preview)).toEqual([]);
    const refresh = ok(await lab.estate("refresh"));
    expect(refresh.output).toContain("No drift in stack dev");
  });

  test("memory of a VM changed by hand is named by a refresh, which changes nothing", async () => {
    lab.edit(({ resources }) => {
      const vm = resources["proxmoxve:index/vmLegacy:VmLegacy"]?.["100"];
      expect(vm).toMatchObject({ memory: { dedicated: 8192 } });
      Object.assign(vm ?? {}, { memory: { dedicated: 4096, floating: 0 } });
    });
    const run = await lab.estate("refresh");
    expect(run).toMatchObject({ code: 7 });
    expect(run.output).toContain(
      'Drift in stack dev: 1 resource: proxmoxve:index/vmLegacy:VmLegacy "docker-vm" (memory.dedicated)',
    );
    expect(lab.world()?.resources["proxmoxve:index/vmLegacy:VmLegacy"]?.["100"]).toMatchObject({
      memory: { dedicated: 4096 },
    });
  });

  test("what somebody deleted by hand is named as gone", async () => {
    lab.edit(({ resources }) => {
      const records = resources["cloudflare:index/dnsRecord:DnsRecord"] ?? {};
      for (const id of Object.keys(records)) Reflect.deleteProperty(records, id);
    });
    const run = await lab.estate("refresh");
    expect(run).toMatchObject({ code: 7 });
    expect(run.output).toContain('cloudflare:index/dnsRecord:DnsRecord "dev-edge-demo-record" is gone');
  });

  test("down leaves nothing behind", async () => {
    const run = ok(await lab.estate("down"));
    expect(run.output).not.toContain("Left in the world");
    expect(run.output).toContain("The lab of stack dev is gone.");
    expect(lab.world()).toBeUndefined();
  });
});
