import { requireAccess } from "../../../policies/edge/requireAccess";
import { type Fixture, passes, runStack, unknown } from "../run";

const hostname = "demo.acme.example";

const tunnel: Fixture = {
  type: "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
  name: "tunnel",
  props: { id: unknown },
};

const ingress: Fixture = {
  type: "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
  name: "ingress",
  props: { config: { ingresses: [{ hostname, service: "http://demo:80" }, { service: "http_status:404" }] } },
};

const people: Fixture = {
  type: "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
  name: "people",
  props: { decision: "allow", includes: [{ emailDomain: { domain: "acme.example" }, everyone: null }] },
};

const application: Fixture = {
  type: "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
  name: "application",
  props: { type: "self_hosted", domain: hostname, policies: [{ id: "policy-1", precedence: 1 }] },
  dependencies: { policies: [people] },
};

const record: Fixture = {
  type: "cloudflare:index/dnsRecord:DnsRecord",
  name: "record",
  props: { type: "CNAME", name: hostname, content: unknown, proxied: true },
  dependencies: { content: [tunnel] },
};

const stack = { tunnel, ingress, people, application, record };

/** The compliant stack with one thing changed, or (undefined) left out. */
function run(changes: Partial<Record<keyof typeof stack, Fixture | undefined>> = {}) {
  return runStack(
    requireAccess,
    Object.values({ ...stack, ...changes }).filter((fixture) => fixture !== undefined),
  );
}

function having(fixture: Fixture, props: Readonly<Record<string, unknown>>): Fixture {
  return { ...fixture, props: { ...fixture.props, ...props } };
}

function violation(what: string, remedy: string): string {
  return (
    `${what}.\n` +
    "Why: whoever finds the name reaches the service from the internet without signing in.\n" +
    "Allowed: an Access application for the whole hostname with policies for named people, none of them bypass or everyone.\n" +
    `To do: ${remedy}.`
  );
}

const uncovered = (problem: string) =>
  violation(
    `The public hostname ${hostname} of the tunnel configuration ingress ${problem}`,
    "say in the spec who may reach the service (public.access), or do not publish it",
  );

const everyoneIn = uncovered("has an Access policy that lets everyone in");
const noApplication = uncovered("is covered by no Access application");
const noPolicy = uncovered("is covered by an Access application without a policy");

describe("estate-edge-require-access", () => {
  it("passes a hostname behind an application with a policy for named people", () => {
    expect(run()).toEqual(passes);
  });

  it.each([
    ["an application for all hostnames of the zone", { domain: "*.acme.example" }],
    ["an application by destination", { domain: null, destinations: [{ type: "public", uri: `${hostname}/` }] }],
    [
      "a policy written in place",
      { policies: [{ decision: "allow", includes: [{ email: { email: "a@acme.example" } }] }] },
    ],
    [
      "a policy written in place that has an id",
      { policies: [{ id: "policy-1" }, { id: "policy-2", decision: "allow", includes: [{ group: { id: "a" } }] }] },
    ],
    ["a policy that denies everyone", { policies: [{ decision: "deny", includes: [{ everyone: {} }] }] }],
  ])("passes %s", (_, props) => {
    expect(run({ application: having(application, props) })).toEqual(passes);
  });

  it.each([
    ["no application", undefined, noApplication],
    ["an application for another hostname", { domain: "other.acme.example" }, noApplication],
    ["an application for one path only", { domain: `${hostname}/admin` }, noApplication],
    ["a wildcard of another level", { domain: "*.example" }, noApplication],
    ["a bookmark, which guards nothing", { type: "bookmark" }, noApplication],
    ["an application without policies", { policies: [] }, noPolicy],
    ["an application whose policies are absent", { policies: null }, noPolicy],
    ["a bypass", { policies: [{ decision: "bypass", includes: [{ ip: { ip: "10.0.0.0/8" } }] }] }, everyoneIn],
    ["everyone", { policies: [{ id: "policy-1" }, { decision: "allow", includes: [{ everyone: {} }] }] }, everyoneIn],
    [
      "services without identity",
      { policies: [{ decision: "non_identity", includes: [{ everyone: {} }] }] },
      everyoneIn,
    ],
    [
      "a policy of another place",
      { policies: [{ id: "policy-1" }, { id: "policy-2" }] },
      uncovered("has an Access policy that this stack does not hold, so nothing can be said about whom it lets in"),
    ],
  ])("refuses %s", (_, props, expected) => {
    const changed = props === undefined ? undefined : having(application, props);
    expect(run({ application: changed })).toEqual({ violations: [expected], about: ["ingress"], advisory: undefined });
  });

  it("refuses a bypass of one path beside an application for the whole", () => {
    const hole = having(application, { domain: `${hostname}/hook`, policies: [{ decision: "bypass" }] });
    const verdict = runStack(requireAccess, [...Object.values(stack), { ...hole, name: "hole", dependencies: {} }]);
    expect(verdict.violations).toEqual([everyoneIn]);
  });

  it("refuses a service for every hostname that is not named", () => {
    const ingresses = [{ service: "http://demo:80" }];
    const verdict = run({ ingress: having(ingress, { config: { ingresses } }) });
    expect(verdict.violations).toEqual([
      violation(
        "A rule without hostname of the tunnel configuration ingress answers for every hostname with a service of its own",
        "give the rule its hostname, and end the list with http_status:404",
      ),
    ]);
  });

  const unproxied =
    "The DNS record record leads to a published hostname and is not proxied.\n" +
    "Why: requests that do not pass Cloudflare's proxy are not checked by Access.\n" +
    "Allowed: proxied records only, for hostnames that a tunnel publishes.\n" +
    "To do: set proxied to true, or remove the record.";

  it.each([
    ["to a new tunnel", { name: "elsewhere.acme.example", proxied: false }, [tunnel]],
    ["to a tunnel by its name", { name: "elsewhere.acme.example", content: "1.cfargotunnel.com", proxied: false }, []],
    ["for a published hostname", { type: "A", content: "192.0.2.1", proxied: false }, []],
    ["that does not say whether it is proxied", { proxied: undefined }, [tunnel]],
  ])("refuses an unproxied record %s", (_, props, content) => {
    const verdict = run({ record: { ...having(record, props), dependencies: { content } } });
    expect(verdict).toEqual({ violations: [unproxied], about: ["record"], advisory: undefined });
  });

  it("passes an unproxied record of another kind or another name", () => {
    const text = having(record, { type: "TXT", proxied: false });
    expect(run({ record: text })).toEqual(passes);
    const other = having(record, { name: "vpn.acme.example", content: "192.0.2.1", proxied: false });
    expect(run({ record: { ...other, dependencies: {} } })).toEqual(passes);
  });

  it("passes a tunnel configuration that publishes nothing, and a stack without one", () => {
    expect(run({ ingress: having(ingress, { config: undefined }), application: undefined })).toEqual(passes);
    expect(runStack(requireAccess, [])).toEqual(passes);
  });

  it.each([
    ["is known", [{ id: "policy-1" }]],
    ["is unknown", [{ id: unknown }]],
    ["is in a list that is unknown", unknown],
  ])("follows a policy whose id %s to the policy that is depended on", (_, policies) => {
    expect(run({ application: having(application, { policies }) })).toEqual(passes);
    const open = having(people, { decision: "bypass" });
    const by = { ...having(application, { policies }), dependencies: { policies: [open] } };
    expect(run({ people: open, application: by }).violations).toEqual([everyoneIn]);
  });

  it.each([
    ["a domain", { domain: unknown }, ".domain"],
    ["a list of policies that nothing leads to", { policies: unknown }, ".policies"],
    ["a policy that nothing leads to", { policies: [{ id: unknown }] }, ".policies.0.id"],
  ])("leaves %s that is unknown to the engine's advisory", (_, props, path) => {
    expect(run({ application: { ...having(application, props), dependencies: {} } })).toEqual({
      violations: [],
      about: [],
      advisory: `string value at ${path} can't be known during preview`,
    });
  });

  it.each([
    ["computes what the program left out", { ...application.props, selfHostedDomains: unknown, policies: unknown }],
    ["says nothing while its own configuration is unknown", {}],
  ])("judges what the program asked for when the provider %s", (_, outputs) => {
    expect(run({ application: { ...application, outputs } })).toEqual(passes);
    const other = having(application, { domain: "other.acme.example" });
    expect(run({ application: { ...other, outputs }, ingress: { ...ingress, outputs: {} } }).violations).toEqual([
      noApplication,
    ]);
  });

  it("reports what is certain before the advisory on an unknown hostname", () => {
    const ingresses = [{ hostname: unknown }, { hostname, service: "http://demo:80" }];
    const changed = having(ingress, { config: { ingresses } });
    expect(run({ ingress: changed, application: undefined })).toEqual({
      violations: [noApplication],
      about: ["ingress"],
      advisory: "string value at .config.ingresses.0.hostname can't be known during preview",
    });
  });
});
