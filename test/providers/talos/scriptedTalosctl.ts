import { writeFileSync } from "node:fs";
import { isAbsolute } from "node:path";

import { Talosctl, TalosctlError } from "../../../providers/talos/backends/talosctl";

import type { Rule } from "./fakeTalosctl";

/** As FakeTalosctl, without a process for every question: for tests that ask many. */
export class ScriptedTalosctl extends Talosctl {
  private script: Rule[] = [];
  private commands: (readonly string[])[] = [];

  constructor() {
    super("no program at all");
  }

  rules(...rules: Rule[]): void {
    this.script = rules.map((rule) => ({ ...rule }));
    this.commands = [];
  }

  override run(doing: string, args: readonly string[]): Promise<string> {
    this.commands.push(args);
    const node = args[args.indexOf("--nodes") + 1];
    const fits = (rule: Rule): boolean =>
      args.join(" ").startsWith(rule.on) && rule.times !== 0 && (rule.node === undefined || rule.node === node);
    const rule = this.script.find(fits);
    if (rule === undefined) return Promise.reject(new Error(`no rule for ${args.join(" ")}`));
    if (rule.times !== undefined) rule.times -= 1;
    const { writes, fails, stdout = "" } = rule;
    if (writes !== undefined)
      writeFileSync(args[args.indexOf(writes.after) + 1] ?? "", writes.text, writes.encoding ?? "utf8");
    if (fails === undefined) return Promise.resolve(stdout);
    return Promise.reject(new TalosctlError(`${doing}: talosctl said: ${fails}`, fails));
  }

  /** The commands without temporary files and without the client: "upgrade --image x --wait". */
  lines(): string[] {
    return this.commands.map((args) => {
      const end = args.indexOf("--talosconfig");
      return args
        .slice(0, end === -1 ? undefined : end)
        .map((arg) => (isAbsolute(arg) ? "FILE" : arg))
        .join(" ");
    });
  }

  /** What was asked of whom: "etcd status 10.0.0.12". */
  asked(): string[] {
    return this.commands.map((args) => {
      const command = args.slice(
        0,
        args.findIndex((arg) => arg.startsWith("--")),
      );
      const words = command.filter((arg) => !isAbsolute(arg) && !arg.startsWith("https:"));
      const node = args.includes("--nodes") ? [args[args.indexOf("--nodes") + 1]] : [];
      return [...words, ...node].join(" ");
    });
  }
}
