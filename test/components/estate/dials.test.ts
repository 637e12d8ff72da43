import { loadStack } from "../../../stacks";
import { type Estate, kubeconfigSecret } from "../../../stacks/estate";
import { readDials, requiredSecrets } from "../../../stacks/dials";
import { kubeconfig } from "../clusters/kubeconfigs";

const prod = loadStack("prod");
const table: Readonly<Record<string, string>> = {
  cloudflareAccountId: "account",
  cloudflareZoneId: "zone",
  cloudflareTeam: "team",
  githubOwner: "owner",
  sshPublicKey: "ssh-ed25519 AAAA",
  protection: "true",
  secrets: JSON.stringify({
    deployKey: "d",
    proxmoxApiToken: "p",
    registryCredentials: "r",
    runnerToken: "t",
    sshPrivateKey: "s",
  }),
};
const source = (changes: Readonly<Record<string, string | undefined>> = {}, encrypted = true) => ({
  get: (key: string) => (key in changes ? changes[key] : table[key]),
  isSecret: () => encrypted,
});

describe("the secrets that an estate needs", () => {
  test("follow from what it declares", () => {
    expect(requiredSecrets(prod)).toEqual([
      "deployKey",
      "proxmoxApiToken",
      "registryCredentials",
      "runnerToken",
      "sshPrivateKey",
    ]);
  });

  const bare = { ...prod, hosts: {}, clusters: {}, repositories: {} };
  const control = (kind: Estate["tailnet"]["control"]) =>
    requiredSecrets({ ...bare, tailnet: { ...prod.tailnet, control: kind } });

  test.each<[string, Estate["tailnet"]["control"], string[]]>([
    [
      "a hub of its own: whoever logs in there",
      { kind: "headscale", on: "headscale", apiKeyEdition: 1 },
      ["sshPrivateKey"],
    ],
    [
      "a Headscale that exists: its API's key",
      { kind: "headscale", loginServer: "https://h.example" },
      ["headscaleApiKey"],
    ],
    [
      "Tailscale: an OAuth client, never a person's API key",
      { kind: "tailscale", tailnet: "t", watch: [], replacePolicy: false },
      ["tailscaleOauthClientId", "tailscaleOauthClientSecret"],
    ],
  ])("of an estate with nothing but %s", (_, kind, secrets) => {
    expect(control(kind)).toEqual(secrets);
  });
});

describe("clusters that exist", () => {
  const farm = { kind: "existing", kubernetes: "1.34.3", gpus: [] } as const;
  const estate = { ...prod, hosts: {}, repositories: {}, clusters: { "gpu-farm": farm } };
  const read = (secrets: Readonly<Record<string, string>>) =>
    readDials("farm", estate, source({ secrets: JSON.stringify({ sshPrivateKey: "s", ...secrets }) }));

  test("are opened by a secret that is named after each", () => {
    expect(requiredSecrets(estate)).toEqual(["gpuFarmKubeconfig", "sshPrivateKey"]);
    expect(requiredSecrets({ ...estate, clusters: { "gpu-farm": { ...farm, registry: "ghcr.io" } } })).toContain(
      "registryCredentials",
    );
    expect(["core", "a-b-c", "a--b", "a-1"].map(kubeconfigSecret)).toEqual([
      "coreKubeconfig",
      "aBCKubeconfig",
      "aBKubeconfig",
      "a1Kubeconfig",
    ]);
  });

  test("a kubeconfig that can be used is taken as it is", () => {
    expect(read({ gpuFarmKubeconfig: kubeconfig() }).secrets).toMatchObject({ gpuFarmKubeconfig: kubeconfig() });
  });

  test("what is wrong with one is told with what else is wrong, and nothing of it is repeated", () => {
    const text = kubeconfig({ "current-context": undefined, user: { exec: { command: "aws" } } });
    expect(() => read({ gpuFarmKubeconfig: text, sshPrivateKey: "" })).toThrow(
      new Error(`The configuration of stack "farm" has 3 problems:

  secrets.sshPrivateKey: is missing
    allowed: an encrypted value
    remedy:  pulumi config set --stack farm --secret --path secrets.sshPrivateKey

  secrets.gpuFarmKubeconfig: has no current-context
    allowed: the name of its context
    remedy:  choose one with kubectl config use-context

  secrets.gpuFarmKubeconfig: has credentials from a program (exec), which would have to be on every machine that runs this
    allowed: a token, or a client certificate with its key
    remedy:  make a service account for the estate on the cluster, and a kubeconfig with its token or with a client certificate
`),
    );
  });

  test("a missing one is missing, and no kubeconfig besides", () => {
    expect(() => read({})).toThrow(/has 1 problem:\n\n {2}secrets\.gpuFarmKubeconfig: is missing/);
  });
});

describe("the dials of a stack", () => {
  test("are read as they are", () => {
    expect(readDials("prod", prod, source())).toMatchObject({
      githubOwner: "owner",
      protection: true,
      world: undefined,
    });
    expect(readDials("prod", prod, source({ protection: "false", world: "/w" }))).toMatchObject({
      protection: false,
      world: "/w",
    });
  });

  test("without the switch, what holds state is protected", () => {
    expect(readDials("prod", prod, source({ protection: undefined })).protection).toBe(true);
  });

  test("every missing secret is named at once, with the command that sets it", () => {
    const secrets = JSON.stringify({ proxmoxApiToken: "p", registryCredentials: "r", runnerToken: "t" });
    expect(() => readDials("prod", prod, source({ secrets }))).toThrow(
      new Error(`The configuration of stack "prod" has 2 problems:

  secrets.deployKey: is missing
    allowed: an encrypted value
    remedy:  pulumi config set --stack prod --secret --path secrets.deployKey

  secrets.sshPrivateKey: is missing
    allowed: an encrypted value
    remedy:  pulumi config set --stack prod --secret --path secrets.sshPrivateKey
`),
    );
  });

  test("half a certificate for the hub is none: the other half is missing", () => {
    const given = {
      deployKey: "d",
      proxmoxApiToken: "p",
      registryCredentials: "r",
      runnerToken: "t",
      sshPrivateKey: "s",
    };
    const read = (more: object) => readDials("prod", prod, source({ secrets: JSON.stringify({ ...given, ...more }) }));
    expect(() => read({ hubCertificate: "c" })).toThrow(/has 1 problem:\n\n {2}secrets\.hubCertificateKey: is missing/);
    expect(() => read({ hubCertificateKey: "k" })).toThrow(/has 1 problem:\n\n {2}secrets\.hubCertificate: is missing/);
    expect(read({ hubCertificate: "c", hubCertificateKey: "k" }).secrets).toMatchObject({ hubCertificate: "c" });
  });

  test("secrets in clear are refused, and none of them is repeated", () => {
    const read = () => readDials("prod", prod, source({ secrets: JSON.stringify({ deployKey: "hunter2" }) }, false));
    expect(read).toThrow(/secrets: stands in clear/);
    expect(read).not.toThrow(/hunter2/);
  });
});
