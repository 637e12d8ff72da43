import { randomBytes, randomUUID } from "node:crypto";
import { Secret } from "@pulumi/policy";
import { createForbidClearText } from "../../../policies/secrets/forbidClearText";
import { type Fixture, passes, runResources, unknown } from "../run";

/** Made at run time, so that none of them is in the repository. */
const random = randomBytes(24).toString("hex");
const tailscaleKey = `tskey-auth-${random}`;
const label = ["PRIVATE", "KEY"].join(" ");
const pem = `-----BEGIN ${label}-----\n${random}\n-----END ${label}-----\n`;

/** Runs the rule as the engine does at its own level, or as without remediation, when marks of secrets cannot be seen. */
function run(fixture: Omit<Fixture, "name">, remediate = true) {
  return runResources(createForbidClearText(), [{ ...fixture, name: "thing" }], { remediate });
}

function violation(type: string, problem: string): string {
  return (
    `thing (${type}) ${problem}.\n` +
    "Why: whoever can read the state, the object, or a log of it has the secret.\n" +
    "Allowed: values marked secret, in places made for them; variables by valueFrom, programs by stdin or files.\n" +
    "To do: take it from the stack's secret configuration or a provider's secret output, hand it over by reference, " +
    "and make a new one: this one is out."
  );
}

function pod(container: Readonly<Record<string, unknown>>): Omit<Fixture, "name"> {
  return { type: deployment, props: { spec: { template: { spec: { containers: [{ name: "app", ...container }] } } } } };
}

const deployment = "kubernetes:apps/v1:Deployment";
const configMap = "kubernetes:core/v1:ConfigMap";
const command = "command:remote:Command";
const vm = "proxmoxve:index/vmLegacy:VmLegacy";
const snippet = "proxmoxve:index/fileLegacy:FileLegacy";
const inContainer = "spec.template.spec.containers[0]";

const shown: readonly [string, Omit<Fixture, "name">, string][] = [
  [
    "a variable named like a secret",
    pod({ env: [{ name: "DB_PASSWORD", value: "x" }] }),
    `shows DB_PASSWORD in a container's environment, at ${inContainer}.env[0].value`,
  ],
  [
    "such a variable whose value is unknown",
    pod({ env: [{ name: "TOKEN", value: unknown }] }),
    `shows TOKEN in a container's environment, at ${inContainer}.env[0].value`,
  ],
  [
    "such a variable whose value is marked",
    pod({ env: [{ name: "API_KEY", value: new Secret("x") }] }),
    `shows API_KEY in a container's environment, at ${inContainer}.env[0].value`,
  ],
  [
    "a key in a harmless variable",
    pod({
      env: [
        { name: "MODE", value: "y" },
        { name: "ARGS", value: `--k ${tailscaleKey}` },
      ],
    }),
    `shows a Tailscale key in a container's environment, at ${inContainer}.env[1].value`,
  ],
  [
    "an option with a secret",
    pod({ args: ["run", "--auth-key=abc"] }),
    `hands over a secret as an option in a container's command line, at ${inContainer}.args[1]`,
  ],
  [
    "a key in an annotation",
    { type: deployment, props: { metadata: { annotations: { note: tailscaleKey } } } },
    "shows a Tailscale key in an object's metadata, at metadata.annotations.note",
  ],
  [
    "a ConfigMap's key named like a secret",
    { type: configMap, props: { data: { clientSecret: unknown } } },
    "shows clientSecret in a ConfigMap, at data.clientSecret",
  ],
  [
    "a private key in a ConfigMap",
    { type: configMap, props: { data: { "tls.txt": new Secret(pem) } } },
    "shows a private key in a ConfigMap, at data.tls.txt",
  ],
  [
    "a key on a command line",
    { type: command, props: { create: new Secret(`up ${tailscaleKey}`) } },
    "shows a Tailscale key on a command line, at create",
  ],
  [
    "an option on a command line",
    { type: command, props: { delete: "leave --password hunter2" } },
    "hands over a secret as an option on a command line, at delete",
  ],
  [
    "a key in a VM's description",
    { type: vm, props: { description: `join with ${tailscaleKey}` } },
    "shows a Tailscale key in what Proxmox shows of a VM, at description",
  ],
  [
    "a key in a VM's tags",
    { type: vm, props: { tags: ["estate", tailscaleKey] } },
    "shows a Tailscale key in what Proxmox shows of a VM, at tags[1]",
  ],
];

const unmarked: readonly [string, Omit<Fixture, "name">, string][] = [
  [
    "a password",
    { type: vm, props: { initialization: { userAccount: { password: "hunter2" } } } },
    "keeps a secret in a value that is not marked secret, at initialization.userAccount.password",
  ],
  [
    "a key in a component's arguments",
    { type: "estate:apps:Chart", props: { values: { auth_token: "abc" } } },
    "keeps a secret in a value that is not marked secret, at values.auth_token",
  ],
  [
    "data of a Kubernetes Secret",
    { type: "kubernetes:core/v1:Secret", props: { stringData: { a: "b" } } },
    "keeps a secret in a value that is not marked secret, at stringData.a",
  ],
];

const shaped: readonly [string, string, string][] = [
  ["Tailscale", tailscaleKey, "a Tailscale key"],
  ["Headscale", `hskey-auth-${random}`, "a Headscale key"],
  ["GitHub", `ghp_${random}`, "a GitHub token"],
  ["GitHub, fine-grained", `github_pat_${random}`, "a GitHub token"],
  ["PEM", pem, "a private key"],
  ["PEM in base64", Buffer.from(pem).toString("base64"), "a private key"],
  [
    "Cloudflare tunnel",
    Buffer.from(JSON.stringify({ a: random, t: random })).toString("base64"),
    "a Cloudflare tunnel token",
  ],
  [
    "JSON web token",
    [{ alg: "RS256" }, { sub: random }, { sig: random }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join("."),
    "a JSON web token",
  ],
  ["Proxmox", `ci@pve!deploy=${randomUUID()}`, "a Proxmox API token"],
  ["model provider", `sk-${random}`, "an API key of a model provider"],
  ["URL", `postgres://app:${random}@db.acme.example/app`, "a URL with a password"],
];

describe("estate-secrets-forbid-clear-text", () => {
  it.each([
    [
      "a variable by reference",
      pod({ env: [{ name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } }] }),
    ],
    ["a variable that names a file", pod({ env: [{ name: "TOKEN_FILE", value: "/run/secrets/token" }] })],
    [
      "a variable made of another",
      pod({
        env: [
          { name: "TOKEN", value: "$(OTHER)" },
          { name: "SECRET", value: "" },
          { name: "DB_URL", value: "postgres://app:$(DB_PASSWORD)@db/app" },
        ],
      }),
    ],
    [
      "an option by variable or file",
      pod({ args: ["--token=$(TOKEN)", "--token-file=/run/t", "--password $PASSWORD"] }),
    ],
    [
      "the name of a Secret",
      pod({ volumes: [{ secret: { secretName: "token" } }], imagePullSecrets: [{ name: "pull" }] }),
    ],
    [
      "harmless configuration",
      { type: configMap, props: { data: { "app.yaml": "token: ${TOKEN}\nurl: http://db:5432/app" } } },
    ],
    [
      "a secret on stdin",
      {
        type: command,
        props: { create: "sh -s", stdin: new Secret(tailscaleKey), environment: new Secret({ TOKEN: "x" }) },
      },
    ],
    [
      "a marked key for the connection",
      { type: command, props: { connection: { host: "h", privateKey: new Secret(pem) } } },
    ],
    [
      "a snippet that is marked",
      { type: snippet, props: { sourceRaw: { data: new Secret(`tailscale up ${tailscaleKey}`) } } },
    ],
    [
      "a public key and a certificate",
      { type: vm, props: { keys: ["ssh-ed25519 AAAA"], publicKey: "abc", ca: "-----BEGIN CERTIFICATE-----" } },
    ],
    [
      "numbers, switches and nothing",
      { type: vm, props: { password: null, token: false, secret: 1, apiKey: undefined } },
    ],
    ["no properties", { type: configMap }],
  ])("passes %s", (_, fixture) => {
    expect(run(fixture)).toEqual(passes);
  });

  it.each(shown)("refuses to show %s, whether or not marks can be seen", (_, fixture, problem) => {
    const expected = { violations: [violation(fixture.type, problem)], about: ["thing"], advisory: undefined };
    expect(run(fixture)).toEqual(expected);
    expect(run(fixture, false)).toEqual(expected);
  });

  it.each(unmarked)("refuses %s that is not marked; when marks cannot be seen, says nothing", (_, fixture, problem) => {
    expect(run(fixture).violations).toEqual([violation(fixture.type, problem)]);
    expect(run({ ...fixture, props: { all: new Secret(fixture.props) } })).toEqual(passes);
    expect(run(fixture, false)).toEqual(passes);
  });

  it.each(shaped)("knows a secret of %s by its shape", (_, value, kind) => {
    const fixture = { type: snippet, props: { sourceRaw: { data: `run: join ${value}` } } };
    const verdict = run(fixture);
    expect(verdict.violations).toEqual([
      violation(snippet, `keeps ${kind} in a value that is not marked secret, at sourceRaw.data`),
    ]);
    expect(run(fixture, false)).toEqual(verdict);
    expect(verdict.violations.join()).not.toContain(value);
  });

  it("leaves values that are unknown at preview until they are known, without an advisory", () => {
    expect(run({ type: vm, props: { initialization: { password: unknown }, description: unknown } })).toEqual(passes);
    expect(run({ type: snippet, props: { sourceRaw: unknown } })).toEqual(passes);
    expect(run({ type: snippet, props: { sourceRaw: { data: new Secret(unknown) } } })).toEqual(passes);
  });

  it("judges each resource by its own marks", () => {
    const fixture = { type: vm, name: "a", props: { password: new Secret("x") } };
    const plain = { ...fixture, name: "b", props: { password: "x" } };
    expect(runResources(createForbidClearText(), [fixture, plain], { remediate: true }).about).toEqual(["b"]);
  });

  it("does not judge the objects of a group twice", () => {
    const props = {
      objs: [{ kind: "ConfigMap", data: { note: "x" } }, pod({ env: [{ name: "TOKEN", value: "x" }] }).props],
    };
    expect(run({ type: "kubernetes:yaml:ConfigGroup", props })).toEqual(passes);
  });
});
