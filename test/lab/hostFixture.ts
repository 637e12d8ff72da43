import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { LanguageRuntimeClient } from "@pulumi/pulumi/proto/language_grpc_pb";
import { z } from "zod";

/** Stand-in for a script of the SDK: writes what it was started with, then does what the entry point's name says. */
const script = `
const { writeFileSync } = require("node:fs");
const { join } = require("node:path");
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("PULUMI_") || name === "OWN"));
const told = { pid: process.pid, args: process.argv.slice(2), cwd: process.cwd(), env, node: process.execArgv };
writeFileSync(join(__dirname, "told.json"), JSON.stringify(told));
if (process.argv.includes("talk")) { console.log("to stdout"); console.error("to stderr"); process.exitCode = 3; }
else if (process.argv.includes("stay")) setInterval(() => {}, 1000);
else process.exitCode = Number(/exit-(\\d+)/.exec(process.argv.join(" "))?.[1] ?? 0);
`;

/** A program's directory whose SDK is the stand-in, with three packages installed of the four it names. */
export function writeProgram(folder: string): void {
  for (const command of ["run", "run-plugin", "run-policy-pack"]) {
    const directory = join(folder, "node_modules", "@pulumi", "pulumi", "cmd", command);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "index.js"), script);
  }
  const dependencies = { "@pulumi/random": "1.0.0", plain: "2.0.0", component: "2.0.0", absent: "3.0.0" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ dependencies }));
  install(folder, "@pulumi/random", { version: "v4.21.2", pulumi: { resource: true } });
  install(folder, "plain", { version: "2.0.1" });
  install(folder, "component", { version: "2.0.2", pulumi: { resource: false } });
}

function install(folder: string, name: string, manifest: object): void {
  mkdirSync(join(folder, "node_modules", name), { recursive: true });
  writeFileSync(join(folder, "node_modules", name, "package.json"), JSON.stringify({ name, ...manifest }));
}

/** Starts the real host and connects to it, as the engine does. */
export async function startHost(root: string, folder: string): Promise<[ChildProcess, LanguageRuntimeClient]> {
  const main = join(root, "lab", "language-host", "main.ts");
  const env = { ...process.env, ESTATE_RUN_TIMES: join(folder, "times.json") };
  const child = spawn(process.execPath, ["--import", "tsx", main, "127.0.0.1:1"], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const port = await new Promise<string>((resolve) =>
    child.stdout.once("data", (data: Buffer) => {
      resolve(data.toString().trim());
    }),
  );
  return [child, new LanguageRuntimeClient(`127.0.0.1:${port}`, credentials.createInsecure())];
}

const toldSchema = z.object({
  pid: z.number(),
  args: z.array(z.string()),
  cwd: z.string(),
  env: z.record(z.string(), z.string()),
  node: z.array(z.string()),
});
/** What a script of the stand-in was started with the last time. */
export const readTold = (folder: string, command: string) =>
  toldSchema.parse(
    JSON.parse(readFileSync(join(folder, "node_modules", "@pulumi", "pulumi", "cmd", command, "told.json"), "utf8")),
  );
