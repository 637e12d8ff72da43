import { planNames } from "../../../components/tailnet/names.plan";
import { external, noNames, onTailscale, topology, vm } from "./fixtures";

const machines = { docker: vm(), "linux-builder": external(), "mikki-bunker": external({ os: "windows" }) };
const names = { "mikki-bunker.local": "mikki-bunker", "linux-builder.local": "linux-builder" };
const resolver = { on: "linux-builder", address: "100.64.0.53" };

function withDns(dns: Partial<typeof noNames>) {
  const estate = onTailscale({ machines });
  return planNames({ ...estate, tailnet: { ...estate.tailnet, dns: { ...noNames, ...dns } } });
}

describe("names", () => {
  it("are those of MagicDNS, for every machine that joins", () => {
    expect(planNames(topology({ machines }))).toEqual({
      baseDomain: "tailnet.estate.example",
      machines: {
        "docker.tailnet.estate.example": "docker",
        "linux-builder.tailnet.estate.example": "linux-builder",
        "mikki-bunker.tailnet.estate.example": "mikki-bunker",
      },
      split: {},
      resolver: undefined,
    });
  });

  it("and further ones, for whose domains the resolver is asked", () => {
    const planned = withDns({ names, resolver });
    expect(planned.machines).toMatchObject({ "docker.tail1234.ts.net": "docker", ...names });
    expect(planned.split).toEqual({ local: ["100.64.0.53"] });
  });

  it("take the servers that are declared for a domain before the resolver's", () => {
    const { split } = withDns({ names, resolver, split: { local: ["10.0.0.1"], corp: ["10.0.0.53"] } });
    expect(split).toEqual({ corp: ["10.0.0.53"], local: ["10.0.0.1"] });
  });

  it("ask nobody where a resolver has nothing to answer", () => {
    expect(withDns({ resolver })).toMatchObject({ split: {}, resolver: undefined });
  });
});

describe("the resolver", () => {
  it("asks MagicDNS for the machine's own name, on the tailnet only, and knows no other name in these domains", () => {
    expect(withDns({ names, resolver }).resolver).toEqual({
      on: "linux-builder",
      corefile: `linux-builder.local. mikki-bunker.local. {
  bind 100.64.0.53
  rewrite name exact linux-builder.local. linux-builder.tail1234.ts.net.
  rewrite name exact mikki-bunker.local. mikki-bunker.tail1234.ts.net.
  forward . 100.100.100.100
}
local. {
  bind 100.64.0.53
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`,
    });
  });
});

// Cannot prove: that an operating system asks for .local names by DNS; that CoreDNS starts with this file.
