// The engine runs a policy pack with the working directory of the program, and the SDK takes the pack's version from the
// package.json of the working directory: it has to be this one.
process.chdir(__dirname);
require("tsx/cjs");
require("./pack.ts");
