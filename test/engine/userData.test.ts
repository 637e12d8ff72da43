import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Lab, ok } from "./support/lab";

// The real engine. Whether a file is deleted before or after its successor is written, and whether a VM goes with it, is the
// engine's doing: mocks do not show it.
const settings = "Pulumi.dev.yaml";
const before = readFileSync(join(resolve(__dirname, "../.."), settings), "utf8");
const lab = new Lab({ [settings]: before });
afterAll(() => {
  lab.remove();
});

const vmType = "proxmoxve:index/vmLegacy:VmLegacy";
const snippetType = "proxmoxve:index/fileLegacy:FileLegacy";

test("changed user data is in its file afterwards, and no VM is replaced or changed for it", async () => {
  ok(await lab.estate("up"));
  const first = lab.world()?.resources;
  const snippets = Object.keys(first?.[snippetType] ?? {});
  expect(snippets).toEqual(expect.arrayContaining(["pve/local:snippets/docker-user-data.yaml"]));

  const changed = before.replace(/(estate:sshPublicKey: *)(.*)/, "$1ssh-ed25519 AAAA another-administrator");
  writeFileSync(join(lab.root, settings), changed);
  const run = ok(await lab.estate("up"));
  const second = lab.world()?.resources;
  expect(Object.keys(second?.[snippetType] ?? {})).toEqual(snippets);
  // The world keeps no secret in clear: that it is another text shows in its size and its digest.
  const docker = "pve/local:snippets/docker-user-data.yaml";
  expect(second?.[snippetType]?.[docker]).not.toEqual(first?.[snippetType]?.[docker]);
  expect(second?.[vmType]).toEqual(first?.[vmType]);
  expect(run.output).not.toMatch(/docker-vm .*replace/);
});
