import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { isInside } from "../../stacks/checks/addresses";
import { overlap } from "../../stacks/checks/ranges";
import { nthAddress } from "../../stacks/complete";
import { loadEstate } from "../../stacks/load";
import { prod } from "../../stacks/prod";
import { withValue } from "./fixtures";
import { refusal } from "./refuse";

const cidr = fc
  .tuple(fc.nat(0xffffffff), fc.integer({ min: 0, max: 32 }))
  .map(([bits, prefix]) => `${[24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".")}/${prefix}`);
const hostNumber = fc.oneof(fc.integer({ min: -2, max: 300 }), fc.integer({ min: 0, max: 999_999_999 }));

describe("nthAddress", () => {
  test("lies in its network and is no reserved address, or is not there", () => {
    fc.assert(
      fc.property(cidr, hostNumber, (network, n) => {
        const address = nthAddress(network, n);
        const first = ipaddr.IPv4.networkAddressFromCIDR(network).toString();
        const last = ipaddr.IPv4.broadcastAddressFromCIDR(network).toString();
        return address === "" || (isInside(address, network) && address !== first && address !== last);
      }),
    );
  });

  test("differs for different numbers", () => {
    fc.assert(
      fc.property(cidr, hostNumber, hostNumber, (network, a, b) => {
        fc.pre(a !== b && nthAddress(network, a) !== "");
        return nthAddress(network, a) !== nthAddress(network, b);
      }),
    );
  });

  test("is there for every host number of a network", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 30 }), fc.double({ min: 0, max: 1, noNaN: true }), (prefix, part) => {
        const hosts = 2 ** (32 - prefix) - 2;
        return nthAddress(`0.0.0.0/${prefix}`, 1 + Math.floor(part * (hosts - 1))) !== "";
      }),
    );
  });
});

describe("overlap", () => {
  test("is symmetric", () => {
    fc.assert(fc.property(cidr, cidr, (a, b) => overlap(a, b) === overlap(b, a)));
  });

  test("is found wherever an address lies in both", () => {
    fc.assert(
      fc.property(cidr, fc.integer({ min: 0, max: 32 }), (a, prefix) =>
        overlap(a, `${a.split("/")[0] ?? ""}/${prefix}`),
      ),
    );
  });

  test("is not found between ranges of which neither holds the other's first address", () => {
    fc.assert(
      fc.property(cidr, cidr, (a, b) => {
        const [firstA, firstB] = [a, b].map((range) => ipaddr.IPv4.networkAddressFromCIDR(range).toString());
        return overlap(a, b) === (isInside(firstA ?? "", b) || isInside(firstB ?? "", a));
      }),
    );
  });
});

/** Every path of a value: machines, machines.docker, machines.docker.tags.0. */
function pathsOf(value: unknown, prefix = ""): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [`${prefix}${key}`, ...pathsOf(child, `${prefix}${key}.`)]);
}

const somePath = fc.constantFrom(...pathsOf(prod));
const replacement = fc.oneof(
  fc.constant(undefined),
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    "constructor",
    "__proto__",
    "docker",
    "core",
    "group:admins",
    "192.168.10.0/24",
    0,
    1n,
    NaN,
    () => 1,
  ),
);
const mutated = fc.tuple(somePath, replacement).map(([path, value]) => withValue(prod, path, value));

describe("loading", () => {
  let written: jest.SpyInstance[];
  beforeEach(() => {
    written = [process.stdout, process.stderr].map((stream) => jest.spyOn(stream, "write"));
    written.push(...(["log", "info", "warn", "error", "debug"] as const).map((method) => jest.spyOn(console, method)));
  });
  afterEach(() => jest.restoreAllMocks());

  /** `refusal` throws on whatever is no SpecError. */
  function endsWell(spec: unknown): boolean {
    const message = refusal(spec);
    const untouched = written.every((spy) => spy.mock.calls.length === 0);
    return untouched && (message === "accepted" || /^The spec has \d+ problems?:\n\n {2}\S/.test(message));
  }

  test("ends with an estate or a SpecError for whatever JSON can say, and prints nothing", () => {
    fc.assert(fc.property(fc.jsonValue(), endsWell));
  });

  test("ends so for prod with any part replaced or removed", () => {
    fc.assert(fc.property(mutated, endsWell), { numRuns: 1000 });
  });

  test("ends so for tables of anything", () => {
    const table = fc.dictionary(fc.constantFrom("docker", "core", "lan", "constructor", "Bad Name"), fc.jsonValue());
    const tables = fc.record({ people: table, networks: table, hosts: table, machines: table, clusters: table });
    fc.assert(fc.property(tables, (changes) => endsWell({ ...prod, ...changes })));
  });

  test("never says that a problem exists without a path, a problem, what is allowed and a remedy", () => {
    const whole = /^The spec has \d+ problems?:\n(\n {2}\S+.*: .+\n {4}allowed: .+\n {4}remedy: {2}.+\n)+$/;
    fc.assert(
      fc.property(mutated, (spec) => {
        const message = refusal(spec);
        return message === "accepted" || whole.test(message);
      }),
      { numRuns: 500 },
    );
  });

  test("does not depend on the order of keys", () => {
    const expected = loadEstate(prod);
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
        expect(loadEstate(shuffled(prod, numbers))).toEqual(expected);
      }),
    );
  });

  test("of a wrong spec finds as many problems in any order of keys", () => {
    const wrong = withValue(withValue(prod, "machines.docker.vmId", 101), "machines.cp1.gpu", "rtx4090");
    const count = refusal(wrong).split("allowed:").length;
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.nat()),
        (numbers) => refusal(shuffled(wrong, numbers)).split("allowed:").length === count,
      ),
    );
  });
});

/** A copy whose objects have their keys in another order; lists keep theirs. */
function shuffled(value: unknown, numbers: Iterator<number>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => shuffled(item, numbers));
  const entries = Object.entries(value).map(([key, child]: [string, unknown]) => ({
    key,
    child: shuffled(child, numbers),
    rank: Number(numbers.next().value),
  }));
  return Object.fromEntries(entries.sort((a, b) => a.rank - b.rank).map(({ key, child }) => [key, child]));
}
