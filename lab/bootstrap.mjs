#!/usr/bin/env node
// What runs before anything is installed: makes sure of Node >= 22 and of node_modules, then runs the estate command.
// Plain JavaScript without dependencies, for Node >= 18.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import pidLock from "./plain/pid-lock.cjs";
import progress from "./plain/progress.cjs";

const oldestNode = 22;
const nodeVersion = "24.21.0";
// make runs it in the checkout. Not where this file is: in a checkout made of links (the engine tests) that is another one.
const root = process.cwd();
const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "estate");

class SetupError extends Error {}

/** Runs a program to its end. Its output is shown only when it fails: while all is well, the progress line is enough. */
function run(label, command, args, options) {
  const shown = progress.progress(label);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const output = [];
    child.stdout.on("data", (data) => output.push(data));
    child.stderr.on("data", (data) => output.push(data));
    child.on("error", (error) => {
      shown.failed();
      const hint = error.code === "ENOENT" ? `"${command}" is not on PATH; install Node.js with npm` : error.message;
      reject(new SetupError(`${label}: ${hint}`));
    });
    child.on("close", (code) => {
      if (code === 0) {
        shown.done();
        resolve();
        return;
      }
      shown.failed();
      reject(
        new SetupError(`${label}: ${command} ended with code ${code}\n${Buffer.concat(output).toString().trim()}`),
      );
    });
  });
}

const locked = (file, purpose, work) =>
  pidLock.withPidLock(file, purpose, work, {
    onWait: (holder) => process.stderr.write(`Waiting for process ${holder.pid}: ${holder.purpose}\n`),
  });

const runsAs = (node) => {
  const result = spawnSync(node, ["--version"], { encoding: "utf8" });
  return result.status === 0 ? result.stdout.trim().slice(1) : undefined;
};

/** This process's Node when it is new enough, else one from the npm registry, kept in the user's cache. */
async function findNode() {
  const own = process.versions.node;
  if (Number(own.split(".")[0]) >= oldestNode) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const home = join(cache, "node", nodeVersion);
  const node = join(home, "node_modules", name, "bin", "node");
  if (existsSync(node) && runsAs(node) === nodeVersion) return node;
  return locked(`${home}.lock`, `installing Node ${nodeVersion}`, async () => {
    if (existsSync(node) && runsAs(node) === nodeVersion) return node;
    const draft = mkdtempSync(`${home}.`);
    try {
      writeFileSync(join(draft, "package.json"), '{ "private": true }\n');
      const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", `${name}@${nodeVersion}`];
      const label = `Installing Node ${nodeVersion} into ${home}, because PATH's Node is ${own} and ${oldestNode} or later is needed`;
      await run(label, "npm", args, { cwd: draft });
      const got = runsAs(join(draft, "node_modules", name, "bin", "node"));
      if (got !== nodeVersion) {
        throw new SetupError(
          `The Node that npm package ${name}@${nodeVersion} carries does not run here; install Node >= ${oldestNode} and put it on PATH.`,
        );
      }
      rmSync(home, { recursive: true, force: true });
      renameSync(draft, home);
      return node;
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  });
}

/** Installs node_modules when package-lock.json is not the one that was installed last. */
async function installPackages(env) {
  const stamp = join(root, "node_modules", ".estate-installed");
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const isInstalled = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (isInstalled()) return;
  mkdirSync(join(root, ".lab"), { recursive: true });
  await locked(join(root, ".lab", "install.lock"), "installing npm packages", async () => {
    if (isInstalled()) return;
    const reason = existsSync(join(root, "node_modules")) ? "package-lock.json is not what is installed" : "first run";
    await run(`Installing npm packages (${reason})`, "npm", ["ci", "--no-audit", "--no-fund"], { cwd: root, env });
    writeFileSync(stamp, wanted);
  });
}

/** Runs the command with this terminal; returns its exit code. */
function runEstate(node, args, env) {
  return new Promise((resolve, reject) => {
    const command = ["--import", "tsx", join(root, "operations", "estate.ts"), ...args];
    const child = spawn(node, command, { cwd: root, env, stdio: "inherit" });
    // The terminal sends Ctrl-C to the whole group; the engine then ends in order, and this process has to wait for it.
    process.on("SIGINT", () => {});
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}

async function main() {
  mkdirSync(join(cache, "node"), { recursive: true });
  const node = await findNode();
  const env = { ...process.env, PATH: [dirname(node), process.env["PATH"] ?? ""].join(delimiter) };
  env["NODE_COMPILE_CACHE"] ??= join(cache, "node-compile-cache");
  await installPackages(env);
  return runEstate(node, process.argv.slice(2), env);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`);
    process.exitCode = 1;
  },
);
