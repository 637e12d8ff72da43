import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { programs } from "../../lab/launch/bundle";

/**
 * A stand-in for the Pulumi CLI that writes down how it is called. What it can't prove, that the real one behaves like
 * this, is what the engine tests are for.
 */
const fakePulumi = `#!${process.execPath}
const fs = require("node:fs");
const args = process.argv.slice(2).filter((arg) => arg !== "--non-interactive");
const log = ${JSON.stringify("LOG")};
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(PULUMI_|GITHUB_|ESTATE_)/.test(name)));
fs.appendFileSync(log, JSON.stringify({ args, cwd: process.cwd(), env }) + "\\n");
if (args[0] === "stack") {
  if (fs.existsSync(log + "-break")) { console.error("error: no"); process.exit(1); }
  const file = "Pulumi." + args[2] + ".yaml";
  if (!fs.existsSync(file)) fs.writeFileSync(file, "encryptionsalt: v1:made\\n");
  const state = new URL(process.env.PULUMI_BACKEND_URL).pathname + "/.pulumi/stacks/estate";
  fs.mkdirSync(state, { recursive: true });
  const latest = { secrets_providers: { type: "passphrase", state: { salt: "v1:made" } } };
  fs.writeFileSync(state + "/" + args[2] + ".json", JSON.stringify({ version: 3, checkpoint: { latest } }));
} else if (args[0] === "config" && args.includes("set") && args.includes("--secret")) {
  const file = args[args.indexOf("--config-file") + 1];
  const name = /\\["(.*)"\\]/.exec(args.join(" "))[1];
  const yaml = require(${JSON.stringify(require.resolve("yaml"))});
  const content = yaml.parse(fs.readFileSync(file, "utf8"));
  const value = fs.readFileSync(0, "utf8");
  (content.config["estate:secrets"] ??= {})[name] = { secure: "encrypted " + value };
  fs.writeFileSync(file, yaml.stringify(content));
}
`;

const callSchema = z.object({ args: z.array(z.string()), cwd: z.string(), env: z.record(z.string(), z.string()) });
export type PulumiCall = z.infer<typeof callSchema>;

/** How the stand-in was called, in order. */
export function callsOf(root: string): PulumiCall[] {
  const log = join(root, "calls");
  if (!existsSync(log)) return [];
  return readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((line) => callSchema.parse(JSON.parse(line)));
}

/** Makes a directory a checkout of which only the launch files are real; returns its stand-in for the Pulumi CLI. */
export function makeCheckout(root: string): string {
  const checkout = join(__dirname, "..", "..");
  symlinkSync(join(checkout, "node_modules"), join(root, "node_modules"));
  writeFileSync(join(root, "package.json"), readFileSync(join(checkout, "package.json")));
  writeFileSync(join(root, "package-lock.json"), "{}");
  // Stand-ins for the programs that the engine starts.
  for (const source of Object.values(programs)) {
    mkdirSync(dirname(join(root, source)), { recursive: true });
    writeFileSync(join(root, source), "");
  }
  writeFileSync(
    join(root, "Pulumi.dev.yaml"),
    "config:\n  estate:owner: me\n  estate:secrets:\n    real:\n      secure: v1:real\n",
  );
  const pulumi = join(root, "pulumi");
  writeFileSync(pulumi, fakePulumi.replace("LOG", join(root, "calls")));
  chmodSync(pulumi, 0o755);
  return pulumi;
}
