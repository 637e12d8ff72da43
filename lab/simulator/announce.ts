import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

import type { Options } from "./arguments";
import type { PackageModels } from "./model";

/** Says through the engine, so that it appears in its output, what is simulated: once per run, whatever the packages. */
export class Announcer {
  engine: string;
  private readonly seen = new Set<string>();

  constructor(
    private readonly options: Options,
    private readonly models: PackageModels,
  ) {
    this.engine = options.engine;
  }

  started(): void {
    if (this.engine === "" || !this.first()) return;
    this.say(
      "info",
      "simulated: third-party providers of this run work on the file " +
        this.options.world +
        (this.options.machines === ""
          ? "; nothing real is touched"
          : "; make lab-status says what is real and what is emulated"),
    );
  }

  /** Warns of a type that only echoes its inputs, once per process. */
  used(type: string): void {
    if (this.seen.has(type) || type.startsWith("pulumi:")) return;
    this.seen.add(type);
    if (this.models.resource(type) === undefined)
      this.say("warning", `simulated: ${type} has no model of its own; it reports what it is given`);
  }

  /** Every process of a run knows the same engine; the first one leaves its mark beside the world. */
  private first(): boolean {
    const run = createHash("sha256").update(`${this.engine} ${process.ppid}`).digest("hex");
    const mark = join(dirname(this.options.world), "announced");
    try {
      if (readFileSync(mark, "utf8") === run) return false;
    } catch {
      // No run before this one.
    }
    writeFileSync(mark, run);
    return true;
  }

  private say(severity: "info" | "warning", message: string): void {
    if (this.engine === "") return;
    log(this.engine, severity, message);
  }
}

/** A message that cannot be delivered is not worth an error. */
function log(engine: string, severity: "info" | "warning", message: string): void {
  const client = new EngineClient(engine, credentials.createInsecure());
  const level = severity === "info" ? LogSeverity.INFO : LogSeverity.WARNING;
  client.log(new LogRequest().setMessage(message).setSeverity(level), () => {
    client.close();
  });
}
