import * as pulumi from "@pulumi/pulumi";
import { Estate } from "./components/estate/estate";
import { createProviders } from "./components/estate/providers";
import { loadStack } from "./stacks";
import { readDials } from "./stacks/dials";

// Pulumi's runner has stack traces mapped by source-map-support, which knows nothing of tsx's maps and is slow: it also
// maps the trace that is taken of every promise. Node's own mapping is right and quicker.
Reflect.deleteProperty(Error, "prepareStackTrace");

// The SDK tells no program which keys are encrypted; its language host does, here.
const encrypted = process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "";
const stack = pulumi.getStack();
const spec = loadStack(stack);
const { secrets: clear, ...dials } = readDials(stack, spec, {
  get: (key) => pulumi.runtime.getConfig(`estate:${key}`),
  isSecret: (key) => encrypted.includes(`"estate:${key}"`),
});
const secrets = Object.fromEntries(Object.entries(clear).map(([name, value]) => [name, pulumi.secret(value)]));
const providers = createProviders({ spec, secrets, githubOwner: dials.githubOwner, lab: dials.lab });
const estate = new Estate(spec.org, { spec, ...dials, secrets }, { providers });

// Two groups and nothing else. `export =`, because "public" is no name for a variable.
export = { public: estate.publicOutputs, secret: estate.secretOutputs };
