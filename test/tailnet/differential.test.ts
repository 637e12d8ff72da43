import fc from "fast-check";
import { readPolicy } from "../../components/tailnet/policy";
import { compare, type Disagreement } from "./support/compare";
import { flaws } from "./support/flaws";
import { drafts, type Draft, writings } from "./support/policies";
import { startTailnet, type Tailnet } from "./support/tailnet";
import { sayDisagreement, tryOnServer, trySilent } from "./support/trial";
import { definitions } from "./support/words";

/**
 * The evaluator against a real headscale: generated policies are set on the server, and what its nodes are told (their packet
 * filters and SSH rules, by the real protocol) is held against the evaluator's answers. It cannot prove that packets really
 * flow so (packets.test.ts tries a few), nor which of several routers a client picks: an address behind routers counts as
 * reached when any router with an approved route to it lets the packet in.
 */
const seed = Number(process.env["ESTATE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** Policies that the server must accept; some of the generated ones it refuses. */
const wanted = 500;
const generated = fc.tuple(drafts, writings);

let started: Tailnet | undefined;
let tailnet: Tailnet;
beforeAll(async () => {
  tailnet = started = await startTailnet();
}, 60_000);
afterAll(() => started?.stop());

/** Markers are ports; policies made while shrinking go on counting. */
let marker = 0;
const trial = (draft: Draft, write: (policy: Draft) => string) =>
  tryOnServer(tailnet, draft, write, (marker++ % 65_000) + 1);

test(`the evaluator says of ${wanted} generated policies what the server does`, async () => {
  const began = performance.now();
  const cases = fc.sample(generated, { seed, numRuns: wanted * 2 });
  const totals = { accepted: 0, refused: 0, probes: 0 };
  let found: { readonly index: number; readonly disagreements: readonly Disagreement[] } | undefined;
  // While the server takes the next policy, the evaluator works on the one before.
  let work = Promise.resolve();
  for (const [index, [draft, write]] of cases.entries()) {
    const tried = await trial(draft, write);
    await work;
    if (found !== undefined || totals.accepted === wanted) break;
    totals[tried.refusal === undefined ? "accepted" : "refused"]++;
    work = compare(tried, seed + index).then(({ probes, disagreements }) => {
      totals.probes += probes;
      if (disagreements.length > 0) found = { index, disagreements };
    });
  }
  await work;
  const { accepted, refused, probes } = totals;
  const count = found?.disagreements.length ?? 0;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(
    `differential: seed ${seed}, ${accepted + refused} policies (${accepted} accepted, ${refused} refused by both), ` +
      `${probes} probes, ${probes - count} agreements, ${count} disagreements, ${seconds} s\n`,
  );
  if (found !== undefined) throw new Error(await shrink(found.index));
  expect(accepted).toBe(wanted);
  expect(refused).toBeGreaterThan(wanted / 25);
  expect(probes).toBeGreaterThan(wanted * 1000);
}, 300_000);

/** The smallest policy for which the two differ, found from the case at an index. */
async function shrink(index: number): Promise<string> {
  let last = "the case did not happen again";
  const property = fc.asyncProperty(generated, async ([draft, write]) => {
    const tried = await trial(draft, write);
    const [first] = (await compare(tried, seed + index)).disagreements;
    if (first === undefined) return;
    last = sayDisagreement(first);
    throw new Error("they differ");
  });
  await fc.check(property, { seed, path: String(index), numRuns: 1, interruptAfterTimeLimit: 30_000 });
  return `The evaluator and the server differ (ESTATE_SEED=${seed}):\n${last}`;
}

const rule = { action: "accept", src: ["ada@"], dst: ["bob@:22"] };
const ssh = [{ action: "accept", src: ["ada@"], dst: ["tag:web"], users: ["root"] }];
const tagOwners = { "tag:web": ["ada@"] };

test.each<[string, Draft]>([
  ["nothing at all", {}],
  ["groups only", { groups: { "group:dev": ["ada@"] } }],
  ["SSH rules only", { tagOwners, ssh }],
  ["no access rule", { acls: [] }],
  ["no grant", { grants: [] }],
  ["neither", { acls: [], grants: [] }],
  ["no access rule, but SSH rules", { tagOwners, acls: [], ssh }],
  ["no grant, but access rules", { acls: [rule], grants: [] }],
])("a policy with %s means the same to both", async (_name, draft) => {
  const { probes, disagreements } = await compare(await trySilent(tailnet, draft), seed);
  expect(disagreements.map(sayDisagreement)).toEqual([]);
  expect(probes).toBeGreaterThan(1000);
});

test("of everything that may be a mistake the evaluator says what the server does", async () => {
  const found: string[] = [];
  const totals = { accepted: 0, refused: 0 };
  for (const flaw of flaws) {
    const tried = await trial(flaw({ ...definitions, acls: [], grants: [] }), JSON.stringify);
    found.push(...(await compare(tried, seed)).disagreements.slice(0, 1).map(sayDisagreement));
    totals[tried.refusal === undefined ? "accepted" : "refused"]++;
  }
  process.stdout.write(`differential: ${flaws.length} possible mistakes (${JSON.stringify(totals)})\n`);
  expect(found).toEqual([]);
  expect(totals.refused).toBeGreaterThan(100);
  expect(totals.accepted).toBeGreaterThan(40);
}, 120_000);

test("the server refuses what the generator means to be refused", async () => {
  // Otherwise "refused by both" could come about because nothing reaches the server.
  const draft = { tagOwners, acls: [{ ...rule, src: ["tag:nope"] }] };
  const { refusal } = await trial(draft, JSON.stringify);
  expect(refusal).toBe('setting policy: parsing policy: src=tag not found: "tag:nope"');
  expect(() => readPolicy(JSON.stringify(draft))).toThrow("tag:nope");
});

describe("what headscale 0.29 does and a policy has to reckon with", () => {
  const isTold = (name: string) => tailnet.members.find(({ inhabitant }) => inhabitant.name === name)?.node.current;
  const namesOf = (name: string) => [...(isTold(name)?.peers.values() ?? [])].map(({ Name }) => Name.split(".")[0]);

  test("nodes keep their SSH rules when the last one is taken out of the policy", async () => {
    await trial({ tagOwners, acls: [], ssh }, JSON.stringify);
    expect(isTold("web1")?.ssh).toHaveLength(1);
    // A rule for others is enough to make the server say that there are none.
    await trial({ tagOwners, acls: [], ssh: [{ ...ssh[0], src: ["bob@"], dst: ["bob@"] }] }, JSON.stringify);
    expect(isTold("web1")?.ssh).toHaveLength(0);
    await trial({ tagOwners, acls: [], ssh }, JSON.stringify);
    await trial({ tagOwners, acls: [] }, JSON.stringify);
    expect(isTold("web1")?.ssh).toHaveLength(1);
  });

  test("a source is not told of the router of a grant with via, unless another rule makes them known to each other", async () => {
    const via = { src: ["ada@"], dst: ["192.168.50.0/24"], ip: ["*"], via: ["tag:router"] };
    const owners = { "tag:router": ["ada@"] };
    await trial({ tagOwners: owners, grants: [via] }, JSON.stringify);
    expect(isTold("router2")?.filter.flatMap(({ DstPorts }) => DstPorts.map(({ IP }) => IP))).toContain(
      "192.168.50.0/24",
    );
    expect(namesOf("ada-laptop")).not.toContain("router2");
    const known = { src: ["ada@"], dst: ["tag:router"], ip: ["icmp:*"] };
    await trial({ tagOwners: owners, grants: [via, known] }, JSON.stringify);
    expect(namesOf("ada-laptop")).toContain("router2");
  });
});
