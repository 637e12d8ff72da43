import type { Command } from "../cli/context";
import { exit, exitCodes } from "../cli/exit";
import { table } from "../cli/table";
import { check } from "./check";
import { docs } from "./docs";
import { down } from "./down";
import { env } from "./env";
import { labStatus } from "./labStatus";
import { preview } from "./preview";
import { reach } from "./reach";
import { refresh } from "./refresh";
import { test, testLab } from "./test";
import { tools } from "./tools";
import { up } from "./up";
import { upgradePlan } from "./upgradePlan";

const help: Command = {
  name: "help",
  summary: "this text",
  run(context) {
    context.print("make <command> [STACK=dev] [LAB=embedded|full|none] [YES=1] [REFRESH=1]\n");
    table(commands.map(({ name, summary }) => [name, summary])).forEach(context.print);
    context.print("\nSTACK is the organisation or environment (default dev).");
    context.print(
      "LAB is the world it runs in: embedded simulates every provider on this machine (default of dev); full runs",
    );
    context.print(
      "a real headscale with real clients beside the simulated rest; none is the real world (default of every",
    );
    context.print(
      "other stack). YES=1 goes ahead without asking. REFRESH=1 has `up` look first, so that it puts drift right.\n",
    );
    context.print("Exit codes of the command behind make (make itself turns each of them into 2; .ci and scripts call");
    context.print("node lab/bootstrap.mjs <command> --stack <stack> --lab <lab> to see them):");
    table(exitCodes.map(([code, meaning]) => [String(code), meaning])).forEach(context.print);
    return Promise.resolve(exit.ok);
  },
};

/** All commands, in the order help lists them. */
export const commands: readonly Command[] = [
  help,
  up,
  preview,
  refresh,
  upgradePlan,
  reach,
  down,
  env,
  labStatus,
  tools,
  docs,
  check,
  test,
  testLab,
];
