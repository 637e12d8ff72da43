import { Made } from "./made";

// Everything that a stack declares at its Proxmox hosts, through the real provider's plugin, against the emulator. It is made
// with the privileges that docs/hosts.md lists; a second run and a refresh find nothing to do.
jest.setTimeout(900_000);

describe.each(["dev", "prod"])("stack %s", (stack) => {
  const made = new Made(stack);
  beforeAll(() => made.start());
  afterAll(() => made.remove());

  test("all of it is made, and every VM runs", async () => {
    await made.create();
    const { vms } = made.place.proxmox.read();
    expect(Object.keys(vms).length).toBeGreaterThanOrEqual(3);
    expect(made.started.map(({ vmid }) => String(vmid)).sort()).toEqual(Object.keys(vms));
    expect(made.started.map(({ image }) => image).filter((image) => !image.startsWith("https://"))).toEqual([]);
  });

  test("no VM has the host's own drive, which takes more privileges", () => {
    const drives = Object.values(made.place.proxmox.read().vms).flatMap(({ config }) => Object.values(config));
    expect(drives.filter((value) => value.startsWith("cdrom"))).toEqual([]);
  });

  test("a second run changes nothing", async () => {
    expect(await made.changes()).toEqual({});
  });

  test("a refresh finds nothing", async () => {
    expect(await made.drift()).toEqual({});
  });
});
