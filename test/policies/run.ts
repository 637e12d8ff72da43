import * as policyModule from "@pulumi/policy";
import {
  type PolicyResource,
  type PolicyResourceOptions,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  Secret,
  type StackValidationPolicy,
  UnknownValueError,
} from "@pulumi/policy";
import * as secretModule from "@pulumi/policy/secret";
import { isRecord } from "../../policies/reading";

/** What the engine sends for a text that preview does not know (@pulumi/policy 1.21, proxy.ts). */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A resource as a test writes it down. */
export interface Fixture {
  readonly type: string;
  readonly name: string;
  /** Plain values, `unknown`, and `new Secret(...)`. */
  readonly props?: Readonly<Record<string, unknown>>;
  /** What a rule over the whole stack is given. @default props */
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly protect?: boolean;
  readonly parent?: Fixture;
  /** What a property depends on. */
  readonly dependencies?: Readonly<Record<string, readonly Fixture[]>>;
}

/** What a rule said. */
export interface Verdict {
  readonly violations: readonly string[];
  /** Names of the resources they are about; the stack itself is "". */
  readonly about: readonly string[];
  /** The SDK's advisory, when a value that the rule read is unknown: the engine then goes on. */
  readonly advisory: string | undefined;
}

/** What is found when a tailnet's policy is not known yet: nothing but the engine's own advisory. */
export const undecided = {
  violations: [],
  about: [],
  advisory: "string value at .policy can't be known during preview",
};

/** The verdict of a rule that has nothing to say. */
export const passes: Verdict = { violations: [], about: [], advisory: undefined };

/** Runs a rule over resources one by one, each with its remediation first when asked for, as the engine does. */
export function runResources(
  policy: ResourceValidationPolicy,
  fixtures: readonly Fixture[],
  { config = {}, remediate = false }: { config?: object; remediate?: boolean } = {},
): Verdict {
  return collect((report, advise) => {
    for (const fixture of fixtures) {
      const args = { ...resourceOf(fixture, unwrap), ...surroundings(config) };
      if (remediate) void policy.remediateResource?.({ ...args, ...resourceOf(fixture, preserve) });
      const { validateResource } = policy;
      if (typeof validateResource !== "function") throw new Error(`${policy.name} has no single validateResource`);
      guarded(advise, () => {
        void validateResource(args, (message) => {
          report(message, fixture.name);
        });
      });
    }
  });
}

/**
 * Runs a rule over a whole stack, as the engine does at the end of a preview or update; before, it has shown the rule the
 * inputs of each resource, if the rule looks at them.
 */
export function runStack(
  policy: StackValidationPolicy & Partial<ResourceValidationPolicy>,
  fixtures: readonly Fixture[],
  config: object = {},
): Verdict {
  const { validateResource } = policy;
  if (validateResource !== undefined) runResources({ ...policy, validateResource }, fixtures, { config });
  return collect((report, advise) => {
    const resources = fixtures.map((fixture) => stackResourceOf(fixture));
    const nameOf = (urn: string | undefined): string => resources.find((item) => item.urn === urn)?.name ?? "";
    const args = { resources, ...surroundings(config) };
    guarded(advise, () => {
      void policy.validateStack(args, (message, urn) => {
        report(message, nameOf(urn));
      });
    });
  });
}

type Report = (message: string, about: string) => void;

function collect(run: (report: Report, advise: (advisory: string) => void) => void): Verdict {
  const found: { message: string; about: string }[] = [];
  const advisories: string[] = [];
  run(
    (message, about) => found.push({ message, about }),
    (advisory) => advisories.push(advisory),
  );
  return {
    violations: found.map(({ message }) => message),
    about: found.map(({ about }) => about),
    advisory: advisories[0],
  };
}

/** An unknown value ends a rule with an advisory, whatever its level; every other error is one. */
function guarded(advise: (advisory: string) => void, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Error) || !(error instanceof UnknownValueError)) throw error;
    advise(error.message);
  }
}

function surroundings(config: object) {
  // The SDK's signature promises whatever the caller asks for.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- only the SDK knows what T is
  const getConfig: ResourceValidationArgs["getConfig"] = () => Object.assign(Object.create(null), config);
  return {
    stackTags: new Map<string, string>(),
    getConfig,
    notApplicable: (reason?: string): never => {
      throw new Error(`not applicable: ${reason ?? ""}`);
    },
  };
}

function resourceOf(fixture: Fixture, prepare: (props: unknown) => unknown) {
  const { type, name, props = {} } = fixture;
  const proxied = sdk(policyModule, "unknownCheckingProxy")(prepare(props));
  if (!isRecord(proxied)) throw new Error("properties are an object");
  return {
    type,
    name,
    urn: urnOf(fixture),
    props: proxied,
    opts: optionsOf(fixture),
    isType: () => false,
    asType: () => undefined,
  };
}

/** As the SDK prepares properties for validation: without marks of secrets. */
function unwrap(value: unknown): unknown {
  if (value instanceof Secret) return unwrap(value.value);
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
}

/** As the SDK prepares properties for remediation: bare values over marks that stay. */
function preserve(props: unknown): unknown {
  return sdk(secretModule, "secretsPreservingProxy")(props);
}

/** A function of the SDK that its type declarations leave out. */
function sdk(module: object, name: string): (props: unknown) => unknown {
  const found: unknown = Reflect.get(module, name);
  if (typeof found !== "function") throw new Error(`@pulumi/policy has no ${name} any more`);
  return (props) => {
    const result: unknown = Reflect.apply(found, undefined, [props]);
    return result;
  };
}

function stackResourceOf(fixture: Fixture, withDependencies = true): PolicyResource {
  const named = Object.entries(withDependencies ? (fixture.dependencies ?? {}) : {}).map(
    ([key, dependencies]) => [key, dependencies.map((item) => stackResourceOf(item, false))] as const,
  );
  return {
    ...resourceOf({ ...fixture, props: fixture.outputs ?? fixture.props ?? {} }, unwrap),
    dependencies: named.flatMap(([, dependencies]) => dependencies),
    propertyDependencies: Object.fromEntries(named),
  };
}

function optionsOf({ protect = false, parent }: Fixture): PolicyResourceOptions {
  return {
    protect,
    ignoreChanges: [],
    aliases: [],
    customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
    additionalSecretOutputs: [],
    ...(parent === undefined ? {} : { parent: urnOf(parent) }),
  };
}

function urnOf({ type, name, parent }: Fixture): string {
  return `${parent === undefined ? "urn:pulumi:test::estate::" : `${urnOf(parent)}$`}${type}::${name}`;
}
