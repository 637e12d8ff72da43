import { join } from "node:path";
import { readCaptures } from "./support/captures";
import { compare } from "./support/compare";
import { sayDisagreement } from "./support/trial";

/**
 * The evaluator against Tailscale's own control server: the captures of policies and of what it told its nodes that come with
 * headscale's sources. Nothing of them is kept here. Exit nodes are not part of it: the captures say little of peers.
 */
const root = join(__dirname, "..", "..");
const seed = 1;

/** Where the two differ, and why that is left so. */
const known: Readonly<Record<string, string>> = {
  "ssh-b4": "Tailscale refuses users of a domain that is not the tailnet's; the evaluator knows no tailnet's domain",
  "ssh-d1": "the same, for login names",
  "ssh-e1": "the same",
  "ssh-e2": "the same",
  "ssh-malformed-user-localpart-multi-glob": "the same",
  "ssh-malformed-dst-missing": "the evaluator wants what has to be there to be written",
  "ssh-malformed-src-missing": "the same",
};

test.each([
  { family: "acl", captures: 215, refused: 16, probes: 70_000 },
  { family: "grant", captures: 266, refused: 34, probes: 280_000 },
  { family: "routes", captures: 125, refused: 0, probes: 120_000 },
  { family: "ssh", captures: 108, refused: 28, probes: 160_000 },
])(
  "the evaluator says of the captured $family policies what Tailscale does",
  async ({ family, captures, refused, probes }) => {
    const cases = readCaptures(root, family);
    const differing = new Map<string, string>();
    let asked = 0;
    for (const captured of cases) {
      const comparison = await compare(captured, seed);
      const [first] = comparison.disagreements;
      asked += comparison.probes;
      if (first !== undefined) differing.set(captured.id, sayDisagreement(first));
    }
    process.stdout.write(
      `compat: ${family}: ${cases.length} captures (${cases.filter(({ refusal }) => refusal !== undefined).length} refused), ` +
        `${asked} probes, ${differing.size} differ\n`,
    );
    expect([...differing].filter(([id]) => !Object.hasOwn(known, id))).toEqual([]);
    expect([...differing.keys()].sort()).toEqual(
      Object.keys(known)
        .filter((id) => id.startsWith(`${family}-`))
        .sort(),
    );
    expect(cases).toHaveLength(captures);
    expect(cases.filter(({ refusal }) => refusal !== undefined)).toHaveLength(refused);
    // What the evaluator does not support is refused, and shows as a difference: none of it is skipped.
    expect(asked).toBeGreaterThan(probes);
  },
  120_000,
);
