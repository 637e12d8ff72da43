import { fullLabOf } from "../../operations/cli/hosts";
import { loadStack } from "../../stacks";

describe("what the full lab runs of an estate", () => {
  const prod = loadStack("prod");

  test("is its hub, its hosts, its Talos machines and their clusters", () => {
    expect(fullLabOf(prod)).toEqual({
      ...{ hub: true, hosts: ["pve1"], clusters: ["core"] },
      talos: ["cp1", "cp2", "cp3", "gpu1"],
    });
  });

  test("is refused when a cluster exists already, which the lab cannot stand for", () => {
    const farm = { kind: "existing", kubernetes: "1.34.3", gpus: [] } as const;
    expect(() => fullLabOf({ ...prod, clusters: { ...prod.clusters, farm } })).toThrow(
      "LAB=full has no cluster to stand for one that exists: clusters.farm. LAB=embedded simulates it.",
    );
  });
});
