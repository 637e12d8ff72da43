import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadStack, specs } from "../../stacks";
import { reachPage } from "../cli/reachPage";
import type { Command } from "../cli/context";
import { exit } from "../cli/exit";

/** Every generated page: its path in the checkout, and its text. */
export function generatedPages(): Map<string, string> {
  return new Map(Object.keys(specs).map((stack) => [`docs/reach/${stack}.md`, reachPage(stack, loadStack(stack))]));
}

/** Writes the pages under docs/ that are made from the specs. A test holds what is committed against them. */
export const docs: Command = {
  name: "docs",
  summary: "write the pages under docs/ that are made from the specs",
  run({ root, print }) {
    for (const [path, text] of generatedPages()) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      print(path);
    }
    return Promise.resolve(exit.ok);
  },
};
