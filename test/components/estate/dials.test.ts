import { loadStack } from "../../../stacks";
import { readDials, requiredSecrets } from "../../../stacks/dials";

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

  test("are none for an estate with nothing in it", () => {
    expect(requiredSecrets({ ...prod, hosts: {}, clusters: {}, repositories: {} })).toEqual([]);
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

  test("secrets in clear are refused, and none of them is repeated", () => {
    const read = () => readDials("prod", prod, source({ secrets: JSON.stringify({ deployKey: "hunter2" }) }, false));
    expect(read).toThrow(/secrets: stands in clear/);
    expect(read).not.toThrow(/hunter2/);
  });
});
