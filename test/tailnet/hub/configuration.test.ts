import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { makeHub, type TestHub } from "./testHub";
import { program } from "./tools";

const dns = { split: { "corp.example": ["10.0.0.1"] }, searchDomains: ["corp.example"] };
let hub: TestHub;

jest.setTimeout(120_000);

beforeAll(async () => {
  hub = await makeHub(await program("headscale"), dns);
  hub.systemctl("start");
  await hub.ready();
});
afterAll(() => {
  hub.remove();
});

const inForce = z.object({
  GRPCAllowInsecure: z.boolean(),
  DERP: z.object({ ServerEnabled: z.boolean(), ServerVerifyClients: z.boolean(), URLs: z.array(z.unknown()) }),
  Policy: z.object({ Mode: z.string() }),
  LogTail: z.object({ Enabled: z.boolean() }),
  Taildrop: z.object({ Enabled: z.boolean() }),
  Database: z.object({ Gorm: z.object({ ParameterizedQueries: z.boolean() }) }),
  DNSConfig: z.object({
    BaseDomain: z.string(),
    OverrideLocalDNS: z.boolean(),
    Nameservers: z.object({ Global: z.array(z.string()), Split: z.record(z.string(), z.array(z.string())) }),
    SearchDomains: z.array(z.string()),
    ExtraRecords: z.array(z.unknown()).nullable(),
  }),
  // Nanoseconds.
  Node: z.object({ Expiry: z.number() }),
});

async function configurationInForce() {
  return inForce.parse(await (await fetch(`${hub.metricsUrl}/debug/config`)).json());
}

test("headscale configtest passes, also while the server runs", async () => {
  expect(await hub.headscale("configtest")).toBe("");
});

test("the server starts with it and warns of nothing", () => {
  const lines = readFileSync(hub.log, "utf8").split("\n");
  expect(lines.some((line) => line.includes("INF starting headscale"))).toBe(true);
  expect(lines.filter((line) => !line.includes(" INF ") && line !== "")).toEqual([]);
});

test("what is hardened is in force in the server", async () => {
  expect(await configurationInForce()).toEqual({
    GRPCAllowInsecure: false,
    DERP: { ServerEnabled: true, ServerVerifyClients: true, URLs: [] },
    Policy: { Mode: "database" },
    LogTail: { Enabled: false },
    Taildrop: { Enabled: false },
    Database: { Gorm: { ParameterizedQueries: true } },
    DNSConfig: {
      BaseDomain: "tailnet.hub.example",
      OverrideLocalDNS: false,
      Nameservers: { Global: [], Split: { "corp.example": ["10.0.0.1"] } },
      SearchDomains: ["corp.example"],
      ExtraRecords: null,
    },
    Node: { Expiry: 180 * 24 * 3600 * 1e9 },
  });
});

test("it speaks TLS with the given certificate, and nobody gets at the API without a key", async () => {
  expect(await hub.get("/health")).toEqual({ status: 200, body: '{"status":"pass"}\n' });
  expect((await hub.get("/api/v1/user")).status).toBe(401);
});

test("extra records change without a restart, however often the file is replaced", async () => {
  const file = join(hub.settings, "extra-records.json");
  for (const name of ["first.example", "second.example"]) {
    writeFileSync(`${file}.next`, JSON.stringify([{ name, type: "A", value: "100.64.0.9" }]));
    renameSync(`${file}.next`, file);
    let shown: unknown;
    // While it takes over a file it may show none at all.
    for (let tries = 50; tries > 0 && !JSON.stringify(shown ?? null).includes(name); tries--) {
      await sleep(100);
      shown = await records();
    }
    // As Headscale shows them: Go's field names.
    expect(shown).toEqual([{ Name: name, Type: "A", Value: "100.64.0.9" }]);
  }
});

async function records() {
  const debug: unknown = await (await fetch(`${hub.metricsUrl}/debug/config`)).json();
  const shape = z.object({ TailcfgDNSConfig: z.object({ ExtraRecords: z.array(z.unknown()).optional() }) });
  return shape.parse(debug).TailcfgDNSConfig.ExtraRecords;
}

// Cannot prove: Let's Encrypt, systemd's sandbox around the server, ports below 1024, Headscale 0.29.3 (this is
// 0.29.1).
