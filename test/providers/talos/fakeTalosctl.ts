import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** A call of the fake talosctl: its arguments, and the files they named as they were then. */
const call = z.object({
  args: z.array(z.string()),
  files: z.record(z.string(), z.object({ mode: z.string(), folder: z.string(), text: z.string() })),
  talosconfig: z.string(),
});
export type Call = z.output<typeof call>;

/** What the fake does for a command: write to stdout, to a file among the arguments, or fail with words on stderr. */
export interface Rule {
  /** The command's first words, for example "gen config". */
  readonly on: string;
  /** The node that is asked. @default any */
  readonly node?: string;
  readonly stdout?: string;
  /** Written to the argument after this one; bytes are given as base64. */
  readonly writes?: { readonly after: string; readonly text: string; readonly encoding?: "base64" };
  readonly fails?: string;
  /** How often the rule holds. @default always */
  times?: number;
}

/** An executable in place of talosctl that notes how it is called and answers by rules, the first that fits. */
export class FakeTalosctl {
  readonly path: string;

  constructor(private readonly folder: string) {
    this.path = join(folder, "talosctl");
    writeFileSync(this.path, `#!${process.execPath}\n${program}`);
    chmodSync(this.path, 0o755);
  }

  rules(...rules: Rule[]): void {
    writeFileSync(join(this.folder, "rules.json"), JSON.stringify(rules));
    writeFileSync(join(this.folder, "calls"), "");
  }

  calls(): Call[] {
    const file = join(this.folder, "calls");
    const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
    return lines.filter((line) => line !== "").map((line) => call.parse(JSON.parse(line)));
  }

  /** The calls as lines, temporary files as their names. */
  lines(): string[] {
    return this.calls().map(({ args }) => args.map((arg) => arg.replace(/\/\S*estate-talos-[^/]*/, "TMP")).join(" "));
  }
}

const program = `
const fs = require("node:fs"), path = require("node:path");
const args = process.argv.slice(2), here = __dirname, files = {};
for (const arg of args) {
  const file = arg.replace(/^@/, "");
  if (path.isAbsolute(file) && fs.existsSync(file))
    files[path.basename(file)] = {
      mode: (fs.statSync(file).mode & 0o777).toString(8),
      folder: (fs.statSync(path.dirname(file)).mode & 0o777).toString(8),
      text: fs.readFileSync(file, "utf8"),
    };
}
fs.appendFileSync(path.join(here, "calls"), JSON.stringify({ args, files, talosconfig: process.env.TALOSCONFIG }) + "\\n");
const table = path.join(here, "rules.json"), rules = JSON.parse(fs.readFileSync(table, "utf8"));
const rule = rules.find(({ on, node, times }) =>
  args.join(" ").startsWith(on) && times !== 0 && (node === undefined || args[args.indexOf("--nodes") + 1] === node));
if (rule === undefined) { process.stderr.write("no rule for " + args.join(" ")); process.exit(9); }
if (rule.times !== undefined) { rule.times -= 1; fs.writeFileSync(table, JSON.stringify(rules)); }
if (rule.writes) fs.writeFileSync(args[args.indexOf(rule.writes.after) + 1], rule.writes.text, rule.writes.encoding ?? "utf8");
if (rule.fails !== undefined) { process.stderr.write(rule.fails); process.exit(1); }
process.stdout.write(rule.stdout ?? "");
`;
