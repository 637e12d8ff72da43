import * as pulumi from "@pulumi/pulumi";
import { PublicEdge, type PublicEdgeArgs } from "../../../components/edge/publicEdge";
import { record, type RecordOptions, valueOf } from "../../support/record";

// What this cannot prove: that Cloudflare accepts the inputs, reports them back unchanged, and lets nobody else in.

const args: PublicEdgeArgs = {
  org: "acme",
  domain: "acme.example",
  accountId: "account",
  zoneId: "zone",
  teamName: "acme-team",
  hosts: {
    web: { service: "http://web.apps.svc:80", access: { emails: ["ann@acme.example"] } },
    demo: { service: "http://demo.apps.svc:8080", access: { emailDomains: ["acme.example"], session: "8 hours" } },
  },
};

const world: RecordOptions = {
  outputs: (type, name) => (type.endsWith(":ZeroTrustAccessApplication") ? { aud: `${name}-aud` } : {}),
  call: (token, inputs) => {
    if (!token.endsWith(":getZeroTrustTunnelCloudflaredToken")) throw new Error(`unexpected invoke of ${token}`);
    return { ...inputs, token: `token of ${String(inputs["tunnelId"])}` };
  },
};

const app = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication";
const policy = "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy";
const ingress = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig";
const dnsRecord = "cloudflare:index/dnsRecord:DnsRecord";
const tunnel = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";

const build = (options: RecordOptions = world) => record(() => new PublicEdge("edge", args), options);

describe("an edge", () => {
  test("consists of exactly these resources", async () => {
    const { registrations } = await build();
    expect(registrations.map(({ type, name }) => `${type} ${name}`).sort()).toEqual(
      [
        "estate:edge:PublicEdge edge",
        `${tunnel} edge-tunnel`,
        `${policy} edge-demo-policy`,
        `${policy} edge-web-policy`,
        `${app} edge-demo-application`,
        `${app} edge-web-application`,
        `${ingress} edge-ingress`,
        `${dnsRecord} edge-demo-record`,
        `${dnsRecord} edge-web-record`,
      ].sort(),
    );
  });

  test("configures its tunnel from Cloudflare's side, each host behind its own application, 404 for the rest", async () => {
    const { one } = await build();
    expect(one(tunnel).inputs).toEqual({ accountId: "account", name: "estate-acme", configSrc: "cloudflare" });
    const guarded = (aud: string) => ({ access: { required: true, teamName: "acme-team", audTags: [aud] } });
    expect(one(ingress).inputs).toEqual({
      accountId: "account",
      tunnelId: "edge-tunnel-id",
      source: "cloudflare",
      config: {
        ingresses: [
          {
            hostname: "demo.acme.example",
            service: "http://demo.apps.svc:8080",
            originRequest: guarded("edge-demo-application-aud"),
          },
          {
            hostname: "web.acme.example",
            service: "http://web.apps.svc:80",
            originRequest: guarded("edge-web-application-aud"),
          },
          { service: "http_status:404" },
        ],
      },
    });
  });

  test("lets in who is named, for as long as is said, in policy and application alike", async () => {
    const { one } = await build();
    expect(one(policy, "edge-demo-policy").inputs).toEqual({
      accountId: "account",
      name: "demo.acme.example: who may enter",
      decision: "allow",
      includes: [{ emailDomain: { domain: "acme.example" } }],
      sessionDuration: "8h",
    });
    expect(one(app, "edge-demo-application").inputs).toEqual({
      accountId: "account",
      name: "demo.acme.example",
      type: "self_hosted",
      domain: "demo.acme.example",
      policies: [{ id: "edge-demo-policy-id", precedence: 1 }],
      sessionDuration: "8h",
      httpOnlyCookieAttribute: true,
      sameSiteCookieAttribute: "lax",
      appLauncherVisible: false,
    });
    expect(one(policy, "edge-web-policy").inputs["includes"]).toEqual([{ email: { email: "ann@acme.example" } }]);
  });

  test("points a proxied name at its tunnel and says its URLs", async () => {
    const { one, result } = await build();
    expect(one(dnsRecord, "edge-web-record").inputs).toEqual({
      zoneId: "zone",
      name: "web.acme.example",
      type: "CNAME",
      content: "edge-tunnel-id.cfargotunnel.com",
      proxied: true,
      ttl: 1,
      comment: "managed by the estate",
    });
    expect(await valueOf(pulumi.output(result.urls))).toEqual({
      demo: "https://demo.acme.example",
      web: "https://web.acme.example",
    });
  });

  test("gives the tunnel's token as a secret", async () => {
    const { result } = await build();
    expect(await pulumi.isSecret(result.tunnelToken)).toBe(true);
    expect(await valueOf(result.tunnelToken)).toBe("token of edge-tunnel-id");
  });

  test("is previewed as it is built", async () => {
    const [previewed, built] = [await build({ preview: true }), await build()];
    const names = ({ registrations }: typeof built) => registrations.map(({ type, name }) => `${type} ${name}`).sort();
    expect(names(previewed)).toEqual(names(built));
  });

  test("without a rule is refused before anything exists", async () => {
    const open = { ...args, hosts: { demo: { service: "http://demo.apps.svc:8080" } } };
    await expect(record(() => new PublicEdge("edge", open), world)).rejects.toThrow(
      new Error(
        'PublicEdge "edge" has 1 problem:\n  hosts.demo.access: demo.acme.example is covered by an Access application ' +
          "without a policy, so it admits nobody in particular; allowed are emailDomains, emails or both; " +
          "say who is let in, or do not publish it",
      ),
    );
  });
});
