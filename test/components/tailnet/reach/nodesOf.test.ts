import { nodesOf } from "../../../../components/tailnet/reach";
import { cluster, external, hub, person, repository, topology, vm, withoutRunners } from "../fixtures";

describe("the nodes of an estate", () => {
  const estate = topology({
    machines: {
      headscale: hub,
      field: external({ tags: ["site"], advertises: ["10.42.0.9/24"] }),
      cp1: vm({ role: "talos-control-plane", advertises: ["10.42.0.0/24"] }),
    },
    people: { eve: person(), ada: person("admins") },
    clusters: { core: cluster({ controlPlanes: ["cp1"] }) },
    repositories: { stack: repository("ci"), plain: withoutRunners },
  });

  it("are machines that join, a device per person and a runner per pool, each with addresses and routes", () => {
    expect(nodesOf(estate)).toEqual([
      {
        name: "machine:cp1",
        tags: ["tag:cp1"],
        routes: ["10.42.0.0/24", "10.244.0.0/16", "10.96.0.0/12"],
        addresses: ["100.64.0.1", "fd7a:115c:a1e0::1"],
      },
      {
        name: "machine:field",
        tags: ["tag:field", "tag:site"],
        routes: ["10.42.0.0/24"],
        addresses: ["100.64.0.2", "fd7a:115c:a1e0::2"],
      },
      { name: "person:ada", user: "ada@", addresses: ["100.64.0.3", "fd7a:115c:a1e0::3"] },
      { name: "person:eve", user: "eve@", addresses: ["100.64.0.4", "fd7a:115c:a1e0::4"] },
      { name: "runners:stack", tags: ["tag:ci"], addresses: ["100.64.0.5", "fd7a:115c:a1e0::5"] },
    ]);
  });

  it("have addresses of their own however many there are", () => {
    const people = Object.fromEntries(Array.from({ length: 65_600 }, (_, index) => [`p${index}`, person()]));
    const addresses = nodesOf(topology({ people })).flatMap((node) => node.addresses);
    expect(new Set(addresses).size).toBe(131_200);
    expect(addresses.slice(510, 512)).toEqual(["100.64.1.0", "fd7a:115c:a1e0::100"]);
    expect(addresses.slice(131_072, 131_074)).toEqual(["100.65.0.1", "fd7a:115c:a1e0::10001"]);
  });
});
