import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tool, ToolPin, ToolRequest } from "../../lab/tools";

/** A Go program that is built in a second, and its pin. */
export const tiny: ToolPin = {
  name: "tiny",
  version: "1.2.3",
  purpose: "proves how tools are obtained",
  package: "example.invalid/tiny",
  ldflags: "-X main.version=v1.2.3",
  versionArgs: ["version"],
};
const source = `package main

import "os"

var version = "unset"

func main() { os.Stdout.WriteString(version + "\\n") }
`;

/** A checkout with the pin of `tiny`, an empty cache, and no downloads. */
export function makeRequest() {
  const folder = mkdtempSync(join(tmpdir(), "tools-"));
  const module = join(folder, "tools", "tiny");
  mkdirSync(module, { recursive: true });
  writeFileSync(join(module, "go.mod"), "module example.invalid/tiny\n\ngo 1.21\n");
  writeFileSync(join(module, "go.sum"), "");
  writeFileSync(join(module, "main.go"), source);
  const said: string[] = [];
  const shown: string[] = [];
  const request: ToolRequest = {
    root: folder,
    cache: join(folder, "cache"),
    pin: tiny,
    env: { PATH: process.env["PATH"], ESTATE_OFFLINE: "1" },
    say: (text) => said.push(text),
    progress: { stream: { write: (text) => shown.push(text) } },
  };
  return { folder, request, said, shown };
}

export const run = (tool: Tool): string => execFileSync(tool.path, ["version"], { encoding: "utf8" });

/** A program that says it is some version. */
export function program(directory: string, version: string): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, "tiny");
  writeFileSync(file, `#!/bin/sh\necho v${version}\n`);
  chmodSync(file, 0o755);
  return file;
}
