import pulumi from "@pulumi/eslint-plugin";
import tseslint from "typescript-eslint";

/** Imports that would turn the direction of data round: config -> spec -> components -> providers. */
const noImport = (group, message) => ({ "no-restricted-imports": ["error", { patterns: [{ group, message }] }] });

const noResourceInApply = {
  selector: "CallExpression[callee.property.name='apply'] NewExpression[callee.type='MemberExpression']",
  message: "A resource that is created inside apply is missing from the first preview.",
};
const noEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: "Components and specs read no environment; pass the value in.",
};

export default tseslint.config(
  { ignores: ["node_modules/", ".lab/", "coverage/", "**/*.cjs", "**/*.mjs", "**/*.js", "**/*.d.cts"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { "@pulumi": pulumi },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@pulumi/no-output-in-template-literal": "error",
      "@pulumi/no-output-instance-in-template-literal": "error",
      "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "never" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "max-lines": ["error", { max: 250 }],
      "max-lines-per-function": ["error", { max: 60, skipComments: true }],
      "no-console": "error",
    },
  },
  {
    files: ["components/**", "stacks/**"],
    rules: { "no-restricted-syntax": ["error", noResourceInApply, noEnvironment] },
  },
  {
    files: ["components/**"],
    rules: noImport(
      ["**/stacks/load", "**/stacks/dials", "**/stacks/index", "**/operations/*", "**/lab/*", "**/test/*"],
      "Components know no stack and no command.",
    ),
  },
  {
    files: ["stacks/**"],
    rules: noImport(
      ["@pulumi/*", "**/components/*", "**/providers/*", "**/operations/*", "**/lab/*"],
      "Specs are pure data.",
    ),
  },
  {
    files: ["providers/**"],
    rules: noImport(
      ["**/components/*", "**/stacks/*", "**/operations/*", "**/test/*"],
      "Providers know nothing of the estate.",
    ),
  },
  // Command-line programs print; tests are long tables and describe blocks.
  { files: ["operations/**", "lab/**"], rules: { "no-console": "off" } },
  { files: ["test/**"], rules: { "max-lines-per-function": "off" } },
);
