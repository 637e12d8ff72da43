import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { get, createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureAuthority, issueCertificate } from "../../../lab/machines/authority";

const directory = mkdtempSync(join(tmpdir(), "estate-authority-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function statusOf(port: number, ca: string | undefined): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, ...(ca === undefined ? {} : { ca }) }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).once("error", reject);
  });
}

test("who trusts the lab's authority trusts the hub's certificate, and nobody else does", async () => {
  const authority = await ensureAuthority(directory);
  const { certificate, key } = await issueCertificate(authority);
  const server = createServer({ cert: certificate, key }, (_, response) => response.end()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  expect(await statusOf(port, readFileSync(authority.certificate, "utf8"))).toBe(200);
  await expect(statusOf(port, undefined)).rejects.toThrow(/self-signed certificate|unable to (get|verify)/);
  server.close();
});

test("it is made once, and its key is for its owner alone", async () => {
  const first = readFileSync((await ensureAuthority(directory)).certificate, "utf8");
  const again = await ensureAuthority(directory);
  expect(readFileSync(again.certificate, "utf8")).toBe(first);
  expect(statSync(again.key).mode & 0o777).toBe(0o600);
});
