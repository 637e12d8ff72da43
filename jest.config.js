/** Unit, component and policy tests; the engine tests (real Pulumi CLI) are their own project because they run for minutes. */
const shared = {
  testEnvironment: "node",
  // Pulumi and protobuf keep state on the global object on purpose; jest warns about every look at it.
  testEnvironmentOptions: { globalsCleanup: "off" },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "commonjs" } },
    ],
  },
  modulePathIgnorePatterns: ["<rootDir>/.lab/"],
};

module.exports = {
  maxWorkers: 2,
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/engine/"],
    },
    {
      ...shared,
      displayName: "engine",
      testMatch: ["<rootDir>/test/engine/**/*.test.ts"],
      setupFilesAfterEnv: ["<rootDir>/test/engine/support/setup.ts"],
    },
  ],
};
