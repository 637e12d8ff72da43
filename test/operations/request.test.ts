import { CommandError } from "../../operations/cli/exit";
import { readRequest } from "../../operations/cli/request";

const stacks = ["dev", "prod"];

function refusal(args: readonly string[]): { message: string; code: number } | undefined {
  try {
    readRequest(args, stacks);
    return undefined;
  } catch (error) {
    if (error instanceof CommandError) return { message: error.message, code: error.code };
    throw error;
  }
}

const nothing = {
  command: "up",
  stack: "dev",
  world: "embedded",
  yes: false,
  refresh: false,
  reach: { format: "text" },
};

test.each([
  [[], { ...nothing, command: "help" }],
  [["up"], nothing],
  [["up", "--stack", "prod"], { ...nothing, stack: "prod", world: "none" }],
  [["up", "--stack", "prod", "--lab", "embedded"], { ...nothing, stack: "prod" }],
  [["up", "--lab", "full"], { ...nothing, world: "full" }],
  [["down", "--lab", "none", "--yes", "1"], { ...nothing, command: "down", world: "none", yes: true }],
  [["up", "--refresh", "1"], { ...nothing, refresh: true }],
  [["up", "--stack", "", "--lab", "", "--yes", "", "--refresh", "", "--policy", ""], nothing],
  [
    ["reach", "--policy", "p.json", "--nodes", "n.json", "--server", "tailscale", "--json"],
    {
      ...nothing,
      command: "reach",
      reach: { policy: "p.json", nodes: "n.json", server: "tailscale", format: "json" },
    },
  ],
  [
    ["reach", "--before", "old.json", "--markdown"],
    { ...nothing, command: "reach", reach: { before: "old.json", format: "markdown" } },
  ],
])("%j", (args, expected) => {
  expect(readRequest(args, stacks)).toEqual(expected);
});

test.each([
  [["up", "--stack", "nope"], 'There is no stack "nope". STACK is one of: dev, prod'],
  [["up", "--lab", "moon"], 'There is no world "moon". LAB is one of: none, embedded, full'],
  [["up", "now"], "Too many arguments: now"],
])("%j is refused with what is allowed, and exit code 2", (args, message) => {
  expect(refusal(args)).toEqual({ message, code: 2 });
});

test("an unknown flag is refused", () => {
  expect(refusal(["up", "--force"])?.code).toBe(2);
});
