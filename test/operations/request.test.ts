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

test.each([
  [[], { command: "help", stack: "dev", world: "embedded", yes: false }],
  [["up"], { command: "up", stack: "dev", world: "embedded", yes: false }],
  [["up", "--stack", "prod"], { command: "up", stack: "prod", world: "none", yes: false }],
  [["up", "--stack", "prod", "--lab", "embedded"], { command: "up", stack: "prod", world: "embedded", yes: false }],
  [["down", "--lab", "none", "--yes", "1"], { command: "down", stack: "dev", world: "none", yes: true }],
  [["up", "--stack", "", "--lab", "", "--yes", ""], { command: "up", stack: "dev", world: "embedded", yes: false }],
])("%j", (args, expected) => {
  expect(readRequest(args, stacks)).toEqual(expected);
});

test.each([
  [["up", "--stack", "nope"], 'There is no stack "nope". STACK is one of: dev, prod'],
  [["up", "--lab", "moon"], 'There is no world "moon". LAB is one of: none, embedded, full'],
  [
    ["up", "--lab", "full"],
    "LAB=full (real control planes on this machine) is not there yet. Use LAB=embedded, which simulates every provider.",
  ],
  [["up", "now"], "Too many arguments: now"],
])("%j is refused with what is allowed, and exit code 2", (args, message) => {
  expect(refusal(args)).toEqual({ message, code: 2 });
});

test("an unknown flag is refused", () => {
  expect(refusal(["up", "--force"])?.code).toBe(2);
});
