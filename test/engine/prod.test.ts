import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { changes, count, Lab, ok } from "./support/lab";

const lab = new Lab();
afterAll(() => {
  lab.remove();
});

describe("stack prod", () => {
  test("the real world is refused with everything that is missing, and nothing is touched", async () => {
    const run = await lab.shell("node lab/bootstrap.mjs up --stack prod --lab none", {
      HOME: lab.root,
      CLOUDFLARE_API_TOKEN: "",
      GITHUB_TOKEN: "",
    });
    expect(run).toMatchObject({ code: 2 });
    for (const missing of [
      "PULUMI_BACKEND_URL",
      "PULUMI_CONFIG_PASSPHRASE",
      "secrets.proxmoxApiToken",
      "CLOUDFLARE_API_TOKEN",
      "GITHUB_TOKEN",
      "secrets.deployKey",
      "secrets.sshPrivateKey",
    ]) {
      expect(run.output).toContain(missing);
    }
    expect(existsSync(join(lab.root, ".lab"))).toBe(false);
  });

  test("a rehearsal brings up the reference layout, at least 100 resources", async () => {
    const run = ok(await lab.estate("up", { stack: "prod", lab: "embedded" }));
    expect(count(run, "created")).toBeGreaterThanOrEqual(100);
    const vms = lab.world("prod")?.resources["proxmoxve:index/vmLegacy:VmLegacy"] ?? {};
    // The reference VMs of the infrastructure document, then the cluster's.
    expect(Object.keys(vms).sort()).toEqual(["100", "101", "102", "103", "111", "112", "113", "121"]);
    expect(vms["100"]).toMatchObject({
      machine: "q35",
      bios: "ovmf",
      hostpcis: [{ mapping: "pve1-rtx4090", pcie: true, rombar: true }],
    });
  });

  test("a second one changes nothing", async () => {
    const run = ok(await lab.estate("up", { stack: "prod", lab: "embedded" }));
    expect(changes(run)).toEqual([]);
    expect(count(run, "unchanged")).toBeGreaterThanOrEqual(100);
  });

  test("and a preview has nothing to do and no violation", async () => {
    const run = ok(await lab.estate("preview", { stack: "prod", lab: "embedded" }));
    expect(changes(run)).toEqual([]);
    expect(run.output).not.toContain("mandatory");
  });

  test("secrets are encrypted in the state, and in no file of the lab in clear", async () => {
    const environment = 'eval "$(make env STACK=prod LAB=embedded 2>/dev/null)"';
    const exported = ok(await lab.shell(`${environment} && pulumi stack export`));
    const clear = ok(await lab.shell(`${environment} && pulumi config get secrets`));
    const values = Object.values(z.record(z.string(), z.string()).parse(JSON.parse(clear.output)));
    expect(values.length).toBeGreaterThanOrEqual(4);
    const world = readFileSync(lab.worldFile("prod"), "utf8");
    for (const value of values) {
      expect(exported.output).not.toContain(value);
      expect(world).not.toContain(value);
    }
  });

  test("down takes protected things away too, because nothing in a lab is worth protecting", async () => {
    const run = ok(await lab.estate("down", { stack: "prod", lab: "embedded" }));
    expect(run.output).toContain("Taking the protection off");
    expect(lab.world("prod")).toBeUndefined();
  });
});
