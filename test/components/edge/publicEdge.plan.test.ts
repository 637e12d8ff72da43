import fc from "fast-check";
import { planPublicEdge, type PublishedHost, resolveAccess } from "../../../components/edge/publicEdge";

const service = "http://demo.demo.svc:8080";
const host = (access: PublishedHost["access"], origin = service): PublishedHost => ({ service: origin, access });
const plan = (hosts: Readonly<Record<string, PublishedHost>>) =>
  planPublicEdge("edge", { org: "acme", domain: "acme.example", hosts });

describe("the plan of an edge", () => {
  test("has one entry per host, in the order of their labels", () => {
    const hosts = {
      web: host({ emails: ["b@acme.example"] }),
      demo: host({ emailDomains: ["acme.example"], session: "8 hours" }),
    };
    expect(plan(hosts)).toEqual({
      tunnelName: "estate-acme",
      hosts: [
        {
          key: "demo",
          hostname: "demo.acme.example",
          service,
          includes: [{ emailDomain: { domain: "acme.example" } }],
          sessionDuration: "8h",
        },
        {
          key: "web",
          hostname: "web.acme.example",
          service,
          includes: [{ email: { email: "b@acme.example" } }],
          sessionDuration: "12h",
        },
      ],
    });
  });

  test("lets everybody in once, domains before addresses, in one spelling", () => {
    const access = { emails: ["B@x.example", "a@x.example", "b@x.example"], emailDomains: ["Z.example", "y.example"] };
    expect(plan({ demo: host(access) }).hosts[0]?.includes).toEqual([
      { emailDomain: { domain: "y.example" } },
      { emailDomain: { domain: "z.example" } },
      { email: { email: "a@x.example" } },
      { email: { email: "b@x.example" } },
    ]);
  });

  test("does not depend on the order in which hosts and people are written", () => {
    const emails = fc.uniqueArray(fc.constantFrom("a@x.example", "b@x.example", "c@x.example"), { minLength: 1 });
    const labels = fc.uniqueArray(fc.constantFrom("a", "b", "c-1", "d"), { minLength: 1 });
    fc.assert(
      fc.property(emails, labels, (people, keys) => {
        const written = Object.fromEntries(keys.map((key) => [key, host({ emails: people })]));
        const reversed = Object.fromEntries(
          [...keys].reverse().map((key) => [key, host({ emails: [...people].reverse() })]),
        );
        expect(plan(reversed)).toEqual(plan(written));
      }),
    );
  });
});

describe("a plan refuses", () => {
  const domainRule = { emailDomains: ["acme.example"] };
  const nobody =
    "demo.acme.example is covered by an Access application without a policy, so it admits nobody in particular; " +
    "allowed are emailDomains, emails or both; say who is let in, or do not publish it";
  const origin =
    "is no origin; allowed is http:// or https:// with host and port only, such as " +
    '"http://demo.demo.svc:8080"; change it';
  const ownDomain = 'allowed is a domain of your own, such as "example.org"; name it, or list people under emails';

  test.each<[string, Readonly<Record<string, PublishedHost>>, string]>([
    ["a host without a rule", { demo: { service } }, `hosts.demo.access: ${nobody}`],
    ["a rule that names nobody", { demo: host({ emailDomains: [], emails: [] }) }, `hosts.demo.access: ${nobody}`],
    [
      "a domain that anybody can join",
      { demo: host({ emailDomains: ["acme.example", "Gmail.com"] }) },
      `hosts.demo.access.emailDomains.1: "Gmail.com" would let everyone in, because anybody can get an address there; ${ownDomain}`,
    ],
    [
      "everyone",
      { demo: host({ emailDomains: ["*"] }) },
      `hosts.demo.access.emailDomains.0: "*" is no domain; ${ownDomain}`,
    ],
    [
      "a wildcard address",
      { demo: host({ emails: ["*@acme.example"] }) },
      'hosts.demo.access.emails.0: "*@acme.example" is no e-mail address; allowed is one such as "you@example.org"; correct it',
    ],
    ["a path in the origin", { demo: host(domainRule, "http://demo:80/admin") }, `hosts.demo.service: ${origin}`],
    ["a password in the origin", { demo: host(domainRule, "http://me:pw@demo:80") }, `hosts.demo.service: ${origin}`],
    [
      "a label that no certificate covers",
      { "a.b": host(domainRule) },
      'hosts.a.b: "a.b" is no DNS label; allowed are lower-case letters, digits and inner hyphens, without dots; rename it',
    ],
  ])("%s", (_, hosts, problem) => {
    expect(() => plan(hosts)).toThrow(new Error(`PublicEdge "edge" has 1 problem:\n  ${problem}`));
  });

  test("several things at once, all of them", () => {
    const hosts = { web: host(domainRule, "demo:80"), demo: { service } };
    expect(() => plan(hosts)).toThrow(
      new Error(`PublicEdge "edge" has 2 problems:\n  hosts.demo.access: ${nobody}\n  hosts.web.service: ${origin}`),
    );
  });
});

describe("groups of an access rule", () => {
  const people = {
    ann: { email: "ann@acme.example", groups: ["admins"] },
    bob: { email: "bob@acme.example", groups: ["developers", "admins"] },
    eve: { email: "eve@acme.example", groups: [] },
  };

  test("become the addresses of their members, besides those named", () => {
    const access = { groups: ["admins"], emails: ["guest@other.example"], session: "8 hours" } as const;
    expect(resolveAccess(access, people)).toEqual({
      emailDomains: undefined,
      emails: ["guest@other.example", "ann@acme.example", "bob@acme.example"],
      session: "8 hours",
    });
  });

  test("without members admit nobody, which the plan refuses", () => {
    const access = resolveAccess({ groups: ["ghosts"], session: "12 hours" }, people);
    expect(() => plan({ demo: { service, access } })).toThrow(
      /^PublicEdge "edge" has 1 problem:\n {2}hosts\.demo\.access: /,
    );
  });

  test("no rule stays no rule", () => {
    expect(resolveAccess(undefined, people)).toBeUndefined();
  });
});
