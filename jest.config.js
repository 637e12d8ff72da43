/**
 * Unit, component and policy tests; the engine tests (real Pulumi CLI) and those of the full lab (real control planes) are
 * projects of their own, because they run for minutes and need tools that are built first.
 */
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
      testPathIgnorePatterns: [
        "/node_modules/",
        "<rootDir>/test/engine/",
        "<rootDir>/test/tailnet/",
        "<rootDir>/test/machines/",
        "<rootDir>/test/full/",
      ],
    },
    {
      ...shared,
      displayName: "engine",
      testMatch: ["<rootDir>/test/engine/**/*.test.ts"],
      setupFilesAfterEnv: ["<rootDir>/test/engine/support/setup.ts"],
    },
    {
      ...shared,
      displayName: "lab",
      testMatch: [
        "<rootDir>/test/tailnet/**/*.test.ts",
        "<rootDir>/test/machines/**/*.test.ts",
        "<rootDir>/test/full/**/*.test.ts",
      ],
    },
  ],
};
