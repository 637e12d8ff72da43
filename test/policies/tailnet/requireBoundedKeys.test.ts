import { requireBoundedKeys } from "../../../policies/tailnet/requireBoundedKeys";
import { passes, runResources, unknown } from "../run";

const headscale = { tags: ["tag:docker"], reusable: false, ephemeral: false, expiration: "24 hours" };
const tailscale = { tags: ["tag:docker"], expiry: 86_400 };
type Props = Readonly<Record<string, unknown>>;

const onHeadscale = (props: Props) =>
  runResources(requireBoundedKeys, [{ type: "headscale:index:PreAuthKey", name: "join-docker", props }]);
const onTailscale = (props: Props) =>
  runResources(requireBoundedKeys, [{ type: "tailscale:index/tailnetKey:TailnetKey", name: "join-docker", props }]);

function violation(problem: string): string {
  return (
    `The join key join-docker ${problem}.\n` +
    "Why: whoever finds it could put a machine of their own into the tailnet.\n" +
    "Allowed: tags, at most 30 days, and a single use unless its nodes are ephemeral.\n" +
    "To do: set tags, expiry, reusable and ephemeral accordingly."
  );
}

const untagged = "gives no tag, so that what joins with it belongs to a person";

describe("estate-tailnet-require-bounded-keys", () => {
  it.each([
    ["a key for one machine", headscale],
    ["one that says no more than it must", { tags: ["tag:docker"], expiration: "30 minutes" }],
    ["a key of runners", { ...headscale, reusable: true, ephemeral: true, expiration: "30 days" }],
  ])("passes %s of Headscale", (_, props) => {
    expect(onHeadscale(props)).toEqual(passes);
  });

  it.each([
    ["a key for one machine", tailscale],
    ["a key of runners", { ...tailscale, reusable: true, ephemeral: true, expiry: 2_592_000 }],
  ])("passes %s of Tailscale", (_, props) => {
    expect(onTailscale(props)).toEqual(passes);
  });

  it.each([
    ["no tags", { ...headscale, tags: [] }, untagged],
    ["absent tags, and a user instead", { ...headscale, tags: undefined, user: "1" }, untagged],
    ["a key that opens for ever", { ...headscale, reusable: true }, "lets any number of nodes join, and stay"],
    ["no end", { ...headscale, expiration: undefined }, "does not say when it expires"],
    ["a late end", { ...headscale, expiration: "31 days" }, "is good for more than 30 days"],
  ])("refuses %s on Headscale", (_, props, problem) => {
    expect(onHeadscale(props)).toEqual({
      violations: [violation(problem)],
      about: ["join-docker"],
      advisory: undefined,
    });
  });

  it.each([
    ["Tailscale's own 90 days", { ...tailscale, expiry: undefined }, "does not say when it expires"],
    ["a late end", { ...tailscale, expiry: 2_592_001 }, "is good for more than 30 days"],
    ["an end that Tailscale takes for its own", { ...tailscale, expiry: 0 }, "is good for more than 30 days"],
  ])("refuses %s on Tailscale", (_, props, problem) => {
    expect(onTailscale(props).violations).toEqual([violation(problem)]);
  });

  it("reports everything at once", () => {
    expect(onTailscale({ reusable: true }).violations).toEqual(
      [untagged, "lets any number of nodes join, and stay", "does not say when it expires"].map(violation),
    );
  });

  it.each([
    ["tags", { ...headscale, tags: unknown }],
    ["expiration", { ...headscale, expiration: unknown }],
    ["reusable", { ...headscale, reusable: unknown }],
    ["ephemeral", { ...headscale, reusable: true, ephemeral: unknown }],
  ])("leaves unknown %s to the engine's advisory", (property, props) => {
    expect(onHeadscale(props)).toEqual({
      violations: [],
      about: [],
      advisory: `string value at .${property} can't be known during preview`,
    });
  });

  it("judges what is known beside what is not", () => {
    const verdict = onHeadscale({ ...headscale, tags: [], expiration: unknown });
    expect(verdict.violations).toEqual([violation(untagged)]);
    expect(verdict.advisory).toBe("string value at .expiration can't be known during preview");
  });

  it("says nothing about other resources", () => {
    expect(runResources(requireBoundedKeys, [{ type: "headscale:index:User", name: "ada" }])).toEqual(passes);
  });
});
