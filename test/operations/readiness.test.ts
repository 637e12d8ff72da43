import { findLacks, lacksMessage, type Surroundings } from "../../operations/cli/readiness";
import { loadStack } from "../../stacks";

const estate = loadStack("prod");
const secrets = ["deployKey", "sshPrivateKey"];
const stackFile = `encryptionsalt: v1:salt
config:
  estate:secrets:
    deployKey: { secure: v1:x }
    sshPrivateKey: { secure: v1:y }
`;
const complete: Surroundings = {
  env: {
    PULUMI_BACKEND_URL: "s3://state",
    PULUMI_CONFIG_PASSPHRASE: "",
    CLOUDFLARE_API_TOKEN: "t",
    GITHUB_TOKEN: "t",
  },
  stackFile,
};
const lacks = (around: Surroundings): string[] => findLacks("prod", estate, secrets, around).map(({ what }) => what);
const without = (...names: string[]): Surroundings => ({
  ...complete,
  env: Object.fromEntries(Object.entries(complete.env).filter(([name]) => !names.includes(name))),
});

test("nothing is missing when all is there", () => {
  expect(lacks(complete)).toEqual([]);
});

test("everything that is missing is listed at once, with what to do", () => {
  const nothing = { env: {}, stackFile: "config: {}\n" };
  expect(lacksMessage("prod", findLacks("prod", estate, secrets, nothing))).toBe(
    `Stack prod is for the real world (LAB=none), and 6 of the things it needs are missing:
  - a place for the state (backend)
      export PULUMI_BACKEND_URL=s3://... (or azblob://, gs://, file://), or pulumi login
  - the passphrase that encrypts the stack's secrets
      export PULUMI_CONFIG_PASSPHRASE_FILE=<file>, or choose a secrets provider: pulumi stack change-secrets-provider
  - credentials of the Cloudflare API
      export CLOUDFLARE_API_TOKEN=<token>
  - credentials of the GitHub API
      export GITHUB_TOKEN=<token>
  - secret "deployKey"
      pulumi config set --stack prod --secret --path secrets.deployKey
  - secret "sshPrivateKey"
      pulumi config set --stack prod --secret --path secrets.sshPrivateKey
Nothing was touched. To rehearse it in a simulated world instead: make up STACK=prod LAB=embedded`,
  );
});

test.each([
  ["PULUMI_BACKEND_URL", ["a place for the state (backend)"]],
  ["PULUMI_CONFIG_PASSPHRASE", ["the passphrase that encrypts the stack's secrets"]],
  ["CLOUDFLARE_API_TOKEN", ["credentials of the Cloudflare API"]],
  ["GITHUB_TOKEN", ["credentials of the GitHub API"]],
])("without %s: %j", (name, expected) => {
  expect(lacks(without(name))).toEqual(expected);
});

test("the other ways to log in count, too", () => {
  const other = without("CLOUDFLARE_API_TOKEN");
  const env = { CLOUDFLARE_API_KEY: "k", CLOUDFLARE_EMAIL: "e" };
  expect(lacks({ ...other, env: { ...other.env, ...env } })).toEqual([]);
});

test("Pulumi Cloud brings its own encryption; another login does not", () => {
  const bare = {
    ...without("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"),
    stackFile: stackFile.replace(/^encryptionsalt.*\n/, ""),
  };
  expect(lacks({ ...bare, login: "https://api.pulumi.com" })).toEqual([]);
  expect(lacks({ ...bare, stackFile, login: "https://api.pulumi.com" })).toEqual([
    "the passphrase that encrypts the stack's secrets",
  ]);
  expect(lacks({ ...bare, login: "file://~" })).toEqual(["the passphrase that encrypts the stack's secrets"]);
  expect(lacks({ ...bare, env: { ...bare.env, PULUMI_ACCESS_TOKEN: "t" } })).toEqual([]);
});

test("a secret in clear is none", () => {
  const clear = stackFile.replace("{ secure: v1:x }", "in-clear");
  expect(lacks({ ...complete, stackFile: clear })).toEqual(['secret "deployKey"']);
});

test("a stack without a file lacks it", () => {
  expect(lacks({ ...complete, stackFile: undefined })).toEqual([
    "Pulumi.prod.yaml",
    'secret "deployKey"',
    'secret "sshPrivateKey"',
  ]);
});
