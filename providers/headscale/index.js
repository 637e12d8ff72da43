// Started by the pulumi-resource-... beside it with plain node; everything behind it is TypeScript.
require("tsx/cjs");
require("./main");
