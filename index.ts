import * as pulumi from "@pulumi/pulumi";
import { Estate } from "./components/estate/estate";
import { loadStack } from "./stacks";
import { readDials } from "./stacks/dials";

// The SDK tells no program which keys are encrypted; its language host does, here.
const encrypted = process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "";
const stack = pulumi.getStack();
const spec = loadStack(stack);
const { secrets, ...dials } = readDials(stack, spec, {
  get: (key) => pulumi.runtime.getConfig(`estate:${key}`),
  isSecret: (key) => encrypted.includes(`"estate:${key}"`),
});
const estate = new Estate(spec.org, {
  spec,
  ...dials,
  secrets: Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, pulumi.secret(value)])),
});

// Two groups and nothing else. `export =`, because "public" is no name for a variable.
export = { public: estate.publicOutputs, secret: estate.secretOutputs };
