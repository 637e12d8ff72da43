import { imageSource } from "../../../components/machines/images";
import { ProxmoxHost } from "../../../components/machines/proxmoxHost/proxmoxHost";
import { loadStack } from "../../../stacks";
import { entry } from "../../../stacks/estate";
import { imageNames } from "../../../stacks/schema/machines";
import { record } from "../../support/record";

// That the publishers' files have these checksums no test here can show: a host refuses a file that has another.
const host = entry(loadStack("prod").hosts, "pve1");

describe("images", () => {
  const all = imageNames.map((name) => imageSource(name, { talos: "1.12.0" }));

  test("are dated releases, each with its checksum but Talos, whose factory tells it to customers only", () => {
    for (const { url } of all) expect(url).not.toMatch(/current|latest/);
    expect(all.filter(({ checksum }) => checksum === undefined).map(({ key }) => key)).toEqual(["talos-1-12-0"]);
    for (const { checksum } of all)
      expect(checksum?.value.length ?? 64).toBe(checksum?.algorithm === "sha512" ? 128 : 64);
  });

  test("a release is in the image's key, its file name and its address, so that the next is another file", () => {
    for (const { key, url, fileName } of all) {
      const release = /\d{8}$/.exec(key)?.[0] ?? key.replace(/^[a-z]+-/, "");
      const dotted = release.replaceAll("-", ".");
      expect([url, fileName].every((text) => text.includes(release) || text.includes(dotted))).toBe(true);
    }
  });
});

test.each([false, true])("a host holds an image against its checksum (preview: %s)", async (preview) => {
  const images = [imageSource("debian-12", undefined), imageSource("talos", { talos: "1.12.0" })];
  const { one } = await record(() => new ProxmoxHost("pve1", { host, images, sshPrivateKey: "not a key" }), {
    preview,
  });
  const { checksum, checksumAlgorithm, overwrite, url } = one(
    "proxmoxve:download/file:File",
    "pve1-debian-12-20260923",
  ).inputs;
  expect(String(url)).toContain("/bookworm/20260923-2610/");
  expect(String(checksum)).toMatch(/^[0-9a-f]{128}$/);
  expect([checksumAlgorithm, overwrite]).toEqual(["sha512", false]);
  expect(one("proxmoxve:download/file:File", "pve1-talos-1-12-0").inputs).not.toHaveProperty("checksum");
});

test("a Talos image is held against the checksum that the cluster's spec says, as a file of its own", () => {
  const value = "0123abcd".repeat(8);
  expect(imageSource("talos", { talos: "1.12.0", imageSha256: value })).toMatchObject({
    key: "talos-1-12-0-0123abcd",
    fileName: "talos-1.12.0-0123abcd-nocloud-amd64.iso",
    checksum: { algorithm: "sha256", value },
  });
});
