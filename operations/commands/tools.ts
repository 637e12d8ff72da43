import { pins } from "../../lab/tools";
import type { Command } from "../cli/context";
import { exit } from "../cli/exit";
import { tool } from "../cli/session";
import { table } from "../cli/table";

/** Gets all tools, one after the other: two Go builds at once only take turns on a small machine. */
export const tools: Command = {
  name: "tools",
  summary: "get all tools (Pulumi, Helm, Headscale, ...): from PATH, by download, or built from tools/",
  async run(context) {
    const rows: string[][] = [];
    for (const name of Object.values(pins).map((pin) => pin.name)) {
      const found = await tool(context, name);
      rows.push([found.name, found.version, found.origin, found.path]);
    }
    table(rows).forEach(context.print);
    return exit.ok;
  },
};
