import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * The bootstrap in a checkout of its own, with a stand-in for npm. It can't prove that an old Node is replaced: that
 * needs one to run it with.
 */
let root: string;

const fakeNpm = `#!/bin/sh
echo "$@" >> ../npm-calls
if [ -e ../npm-fails ]; then echo "npm says no" >&2; exit 7; fi
rm -rf node_modules
mkdir -p node_modules/tsx
echo '{ "name": "tsx", "exports": "./index.mjs" }' > node_modules/tsx/package.json
touch node_modules/tsx/index.mjs
`;
const command = `
console.log(JSON.stringify({ args: process.argv.slice(2), first: process.env.PATH.split(":")[0] }));
process.exit(7);
`;

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "bootstrap-"));
  root = join(folder, "checkout");
  const lab = join(__dirname, "..", "..", "lab");
  mkdirSync(join(root, "lab"), { recursive: true });
  cpSync(join(lab, "bootstrap.mjs"), join(root, "lab", "bootstrap.mjs"));
  cpSync(join(lab, "plain"), join(root, "lab", "plain"), { recursive: true });
  mkdirSync(join(root, "operations"));
  writeFileSync(join(root, "operations", "estate.ts"), command);
  writeFileSync(join(root, "package-lock.json"), "{}");
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin", "npm"), fakeNpm);
  chmodSync(join(folder, "bin", "npm"), 0o755);
});
afterEach(() => {
  rmSync(dirname(root), { recursive: true });
});

function bootstrap(...args: string[]) {
  const folder = dirname(root);
  // npm is looked up on PATH behind Node's own directory, which has an npm, too, where Node was installed with it.
  const node = join(folder, "bin", "node");
  cpSync(process.execPath, node);
  const env = { PATH: `${join(folder, "bin")}:/usr/bin:/bin`, HOME: folder };
  return spawnSync(node, ["lab/bootstrap.mjs", ...args], { cwd: root, env, encoding: "utf8" });
}
const npmCalls = (): string[] =>
  readFileSync(join(dirname(root), "npm-calls"), "utf8")
    .trim()
    .split("\n");

test("installs once, runs the command with its arguments, and passes its exit code on", () => {
  const first = bootstrap("up", "--stack", "a b");
  expect([first.status, JSON.parse(first.stdout)]).toEqual([
    7,
    { args: ["up", "--stack", "a b"], first: join(dirname(root), "bin") },
  ]);
  expect(first.stderr).toMatch(
    /^Installing npm packages \(first run\)\nInstalling npm packages \(first run\): done \(\d+\.\d s\)\n$/,
  );
  expect(bootstrap("up").stderr).toBe("");
  expect(npmCalls()).toEqual(["ci --no-audit --no-fund"]);
});

test("installs again when the lock file has changed", () => {
  bootstrap("up");
  writeFileSync(join(root, "package-lock.json"), '{ "changed": true }');
  expect(bootstrap("up").stderr).toContain("Installing npm packages (package-lock.json is not what is installed)\n");
  expect(npmCalls()).toHaveLength(2);
});

test("a failing install is shown with npm's words, and is tried again the next time", () => {
  writeFileSync(join(dirname(root), "npm-fails"), "");
  const failed = bootstrap("up");
  expect([failed.status, failed.stdout]).toEqual([1, ""]);
  expect(failed.stderr).toMatch(/\nInstalling npm packages \(first run\): npm ended with code 7\nnpm says no\n$/);
  rmSync(join(dirname(root), "npm-fails"));
  expect(bootstrap("up").status).toBe(7);
});
