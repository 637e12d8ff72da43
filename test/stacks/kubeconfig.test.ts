import { readKubeconfig } from "../../stacks/kubeconfig";
import { certificate, kubeconfig, privateKey, token } from "../components/clusters/kubeconfigs";

const flatten = "print it as one whole with kubectl config view --raw --flatten --minify";
const context = { cluster: "farm", user: "estate" };

/** The problems of a kubeconfig, without what is allowed. */
const problems = (text: string): string[] => readKubeconfig(text).problems.map(({ problem }) => problem);

test("one context with a token, or with a client certificate and its key, opens its server", () => {
  const withToken = readKubeconfig(kubeconfig());
  const user = { token: undefined, "client-certificate-data": certificate, "client-key-data": privateKey };
  expect([withToken, readKubeconfig(kubeconfig({ user }))]).toEqual([
    { server: "https://10.1.2.3:6443", problems: [] },
    { server: "https://10.1.2.3:6443", problems: [] },
  ]);
});

test.each<[string, string, string[]]>([
  ["no YAML", "a: [", ["is no kubeconfig"]],
  ["a text", "lab-abc", ["is no kubeconfig"]],
  ["nothing", "", ["is no kubeconfig"]],
  ["a list where a table belongs", kubeconfig({ cluster: { server: ["https://a"] } }), ["is no kubeconfig"]],
  ["no current context", kubeconfig({ "current-context": undefined }), ["has no current-context"]],
  [
    "another current context",
    kubeconfig({ "current-context": "other" }),
    ["has a current-context that is none of its contexts"],
  ],
  [
    "two contexts",
    kubeconfig({
      contexts: [
        { name: "other", context },
        { name: "farm", context },
      ],
    }),
    ["has 2 contexts"],
  ],
  [
    "no such cluster",
    kubeconfig({ contexts: [{ name: "farm", context: { ...context, cluster: "x" } }] }),
    ["has a context whose cluster is not among its clusters"],
  ],
  ["no users", kubeconfig({ users: [] }), ["has a context whose user is not among its users"]],
  ["no server", kubeconfig({ cluster: { server: undefined } }), ["has no server that can be used"]],
  [
    "a server in clear",
    kubeconfig({ cluster: { server: "http://10.1.2.3:8080" } }),
    ["has no server that can be used"],
  ],
  ["a server with a user", kubeconfig({ cluster: { server: "https://a:b@c" } }), ["has no server that can be used"]],
  [
    "no check of the server",
    kubeconfig({ cluster: { "insecure-skip-tls-verify": true } }),
    ["has insecure-skip-tls-verify: whoever stands between would get the credentials"],
  ],
  [
    "no authority",
    kubeconfig({ cluster: { "certificate-authority-data": undefined } }),
    ["has no certificate-authority-data"],
  ],
  [
    "an authority that is none",
    kubeconfig({ cluster: { "certificate-authority-data": privateKey } }),
    ["has no certificate-authority-data"],
  ],
  [
    "an authority in a file",
    kubeconfig({ cluster: { "certificate-authority-data": undefined, "certificate-authority": "/root/ca.crt" } }),
    ["has certificate-authority, a file of the machine where it was written"],
  ],
  [
    "certificate and key in files",
    kubeconfig({ user: { "client-certificate": "a.crt", "client-key": "a.key" } }),
    [
      "has client-certificate, a file of the machine where it was written",
      "has client-key, a file of the machine where it was written",
    ],
  ],
  [
    "a token in a file",
    kubeconfig({ user: { token: undefined, tokenFile: "/var/run/token" } }),
    ["has tokenFile, a file of the machine where it was written"],
  ],
  [
    "credentials from a program",
    kubeconfig({ user: { token: undefined, exec: { command: "aws" } } }),
    ["has credentials from a program (exec), which would have to be on every machine that runs this"],
  ],
  ["no credentials", kubeconfig({ user: { token: undefined } }), ["has no credentials"]],
  [
    "a certificate without its key",
    kubeconfig({ user: { token: undefined, "client-certificate-data": certificate } }),
    ["has no credentials"],
  ],
])("refused: %s", (_, text, expected) => {
  expect(problems(text)).toEqual(expected);
  expect(readKubeconfig(text).server).toBe("");
});

test("all problems are told at once, with what to do, and no value is repeated", () => {
  const { problems: all } = readKubeconfig(
    kubeconfig({
      "current-context": "secret-context",
      contexts: [
        { name: "farm", context },
        { name: "secret-other", context },
      ],
    }),
  );
  expect(all).toEqual([
    { problem: "has 2 contexts", allowed: "one context", remedy: flatten },
    {
      problem: "has a current-context that is none of its contexts",
      allowed: "one of them",
      remedy: "choose one with kubectl config use-context",
    },
  ]);
  const everything = readKubeconfig(
    kubeconfig({
      cluster: { server: "http://secret-server", "insecure-skip-tls-verify": true, "certificate-authority": "/secret" },
      user: { "client-key": "/secret", exec: { command: "secret", env: [{ name: "A", value: token }] } },
    }),
  );
  expect(everything.problems).toHaveLength(5);
  expect(JSON.stringify([all, everything])).not.toMatch(new RegExp(`secret|${token}|10\\.1\\.2\\.3`));
});
