import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { writeScript } from "../../lab/launch";
import { bundlePrograms, programs } from "../../lab/launch/bundle";
import { languageHostLauncher } from "../../lab/launch/launchers";

let root: string;
let bundles: string;
const bundle = (name: string) => join(bundles, `${name}.cjs`);
const started = (name: string) => execFileSync(process.execPath, [bundle(name)], { encoding: "utf8" }).trim();

/** A checkout whose programs only say which they are. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bundle-"));
  bundles = join(root, ".lab/dev/bundles");
  writeFileSync(join(root, "package-lock.json"), "{}");
  for (const source of Object.values(programs)) {
    const directory = dirname(source);
    mkdirSync(join(root, directory), { recursive: true });
    writeFileSync(join(root, source), 'import { name } from "./name";\nconsole.log(name);\n');
    writeFileSync(join(root, directory, "name.ts"), `export const name: string = ${JSON.stringify(directory)};\n`);
  }
  bundlePrograms({ root, bundles });
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

test("each program is one file that runs by itself", () => {
  const names = Object.keys(programs);
  expect(readdirSync(bundles).sort()).toEqual([...names.map((name) => `${name}.cjs`), "made-of"].sort());
  expect(names.map(started)).toEqual(Object.values(programs).map((source) => dirname(source)));
});

test("bundles are made again when a source changed, and only then", () => {
  const before = statSync(bundle("simulator")).mtimeMs;
  bundlePrograms({ root, bundles });
  expect(statSync(bundle("simulator")).mtimeMs).toBe(before);
  writeFileSync(join(root, "lab/simulator/name.ts"), 'export const name = "changed";\n');
  bundlePrograms({ root, bundles });
  expect(started("simulator")).toBe("changed");
});

test("a bundle that was lost or half made is made again", () => {
  rmSync(bundle("talos"));
  rmSync(join(bundles, "made-of"));
  bundlePrograms({ root, bundles });
  expect(started("talos")).toBe("providers/talos");
});

test("a launcher starts the source when it is newer than the bundle", () => {
  mkdirSync(join(root, "node_modules"));
  mkdirSync(join(root, "lab/plain"));
  writeFileSync(join(root, "lab/plain/leash.cjs"), "");
  const tsx = join(__dirname, "../../node_modules/tsx");
  execFileSync("ln", ["-s", tsx, join(root, "node_modules/tsx")]);
  const launcher = join(root, "launcher");
  writeScript(launcher, languageHostLauncher(root, process.execPath, bundles));
  const run = () => execFileSync(launcher, { encoding: "utf8" }).trim();
  expect(run()).toBe("lab/language-host");
  const edited = join(root, "lab/language-host/name.ts");
  writeFileSync(edited, 'export const name = "edited";\n');
  const later = new Date(Date.now() + 10_000);
  utimesSync(edited, later, later);
  expect(run()).toBe("edited");
});
