import { Metadata, status, type handleUnaryCall, type ServiceError } from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

import type { Ask, Difference } from "./answers";
import type { Calls } from "./lifetime";
import { compare, roots, type Change } from "./diff";
import { fromStruct, toStruct } from "./marshal";
import { printPath } from "./path";
import { hasUnknown, revealMap, type PropertyMap } from "./values";
import type { SimulatedProvider } from "./provider";

/** What the service needs beyond the provider itself. */
export interface Surroundings {
  packageName: string;
  version: string;
  /** Configuration keys whose change makes another provider of it, so that everything it holds is replaced. */
  identity(config: PropertyMap): string;
  /** Done before the provider has to know anything of its package. */
  prepare(): Promise<void>;
  /** Called when the engine has configured the provider. */
  configured(): void;
  /** A resource type was used for the first time. */
  used(type: string): void;
  /** The engine asks to stop whatever takes long. */
  cancelled(): void;
  attached(address: string): void;
}

/** The provider as the engine talks to it. */
export function serviceOf(provider: SimulatedProvider, calls: Calls, around: Surroundings): IResourceProviderServer {
  const unary = unaryOf(calls);
  return { ...aboutItself(provider, unary, around), ...aboutResources(provider, unary, around), ...refusals(around) };
}

type Part<K extends keyof IResourceProviderServer> = Pick<IResourceProviderServer, K>;

function aboutItself(provider: SimulatedProvider, unary: Unary, around: Surroundings) {
  return {
    handshake: unary(() => {
      const response = new pb.ProviderHandshakeResponse();
      return response.setAcceptSecrets(true).setAcceptResources(true).setAcceptOutputs(false);
    }),
    getSchema: unary(() => {
      const schema = { name: around.packageName, version: around.version, description: "Simulated.", resources: {} };
      return new pb.GetSchemaResponse().setSchema(JSON.stringify(schema));
    }),
    getPluginInfo: unary(() => new PluginInfo().setVersion(around.version)),
    checkConfig: unary((ask: pb.CheckRequest) => new pb.CheckResponse().setInputs(ask.getNews())),
    diffConfig: unary(async (ask: pb.DiffRequest) => {
      await around.prepare();
      const [before, after] = [fromStruct(ask.getOldInputs() ?? ask.getOlds()), fromStruct(ask.getNews())];
      // What is not known yet may well be the same.
      const known = !hasUnknown(before) && !hasUnknown(after);
      const other = known && around.identity(revealMap(before)) !== around.identity(revealMap(after));
      const changes = compare(before, after).map((change) => ({ ...change, replace: other }));
      return answerDiff({ changes, deleteBeforeReplace: false });
    }),
    configure: unary(async (ask: pb.ConfigureRequest) => {
      await around.prepare();
      provider.configure(fromStruct(ask.getArgs()));
      around.configured();
      const response = new pb.ConfigureResponse();
      return response.setAcceptsecrets(true).setAcceptresources(true).setSupportspreview(true).setAcceptoutputs(false);
    }),
    invoke: unary(async (ask: pb.InvokeRequest) => {
      const result = await provider.invoke(ask.getTok(), fromStruct(ask.getArgs()));
      return new pb.InvokeResponse().setReturn(toStruct(result));
    }),
    cancel: unary(() => {
      around.cancelled();
      return new Empty();
    }),
    attach: unary((ask: { getAddress(): string }) => {
      around.attached(ask.getAddress());
      return new Empty();
    }),
  } satisfies Partial<IResourceProviderServer>;
}

function aboutResources(provider: SimulatedProvider, unary: Unary, around: Surroundings) {
  const asked = (ask: { getUrn(): string }): Ask => {
    const [type, name] = partsOf(ask.getUrn());
    around.used(type);
    return { urn: ask.getUrn(), type, name };
  };
  return {
    check: unary(async (ask: pb.CheckRequest) => {
      const seed = Buffer.from(ask.getRandomseed_asU8()).toString("hex").slice(0, 7).padStart(7, "0");
      const [before, inputs] = [fromStruct(ask.getOlds()), fromStruct(ask.getNews())];
      const checked = await provider.check({ ...asked(ask), before, inputs, seed });
      const failures = checked.failures.map(({ property, reason }) =>
        new pb.CheckFailure().setProperty(property).setReason(reason),
      );
      return new pb.CheckResponse().setInputs(toStruct(checked.inputs)).setFailuresList(failures);
    }),
    diff: unary(async (ask: pb.DiffRequest) => {
      const [state, inputs] = [fromStruct(ask.getOlds()), fromStruct(ask.getNews())];
      const before = ask.hasOldInputs() ? fromStruct(ask.getOldInputs()) : state;
      const ignored = ask.getIgnorechangesList();
      return answerDiff(await provider.diff({ ...asked(ask), id: ask.getId(), state, before, inputs, ignored }));
    }),
    create: unary(async (ask: pb.CreateRequest) => {
      const inputs = fromStruct(ask.getProperties());
      const created = await provider.create({ ...asked(ask), inputs, preview: ask.getPreview() });
      return new pb.CreateResponse().setId(created.id).setProperties(toStruct(created.state));
    }),
    read: unary(async (ask: pb.ReadRequest) => {
      const [state, inputs] = [fromStruct(ask.getProperties()), fromStruct(ask.getInputs())];
      const found = await provider.read({ ...asked(ask), id: ask.getId(), state, inputs });
      if (found === undefined) return new pb.ReadResponse();
      const response = new pb.ReadResponse().setId(found.id).setProperties(toStruct(found.state));
      return response.setInputs(toStruct(found.inputs));
    }),
    update: unary(async (ask: pb.UpdateRequest) => {
      const [state, inputs] = [fromStruct(ask.getOlds()), fromStruct(ask.getNews())];
      const after = await provider.update({ ...asked(ask), id: ask.getId(), state, inputs, preview: ask.getPreview() });
      return new pb.UpdateResponse().setProperties(toStruct(after));
    }),
    delete: unary(async (ask: pb.DeleteRequest) => {
      const inputs = fromStruct(ask.hasOldInputs() ? ask.getOldInputs() : ask.getProperties());
      await provider.delete({ ...asked(ask), id: ask.getId(), inputs });
      return new Empty();
    }),
  } satisfies Partial<IResourceProviderServer>;
}

/** What the packages that are simulated here do not use. */
function refusals(
  around: Surroundings,
): Part<"parameterize" | "call" | "construct" | "list" | "getMapping" | "getMappings"> {
  const refuse = (what: string): ServiceError =>
    Object.assign(new Error(`The simulated ${around.packageName} provider has no ${what}.`), {
      code: status.UNIMPLEMENTED,
      details: `The simulated ${around.packageName} provider has no ${what}.`,
      metadata: new Metadata(),
    });
  return {
    parameterize: (_, reply) => {
      reply(refuse("Parameterize"));
    },
    call: (_, reply) => {
      reply(refuse("Call"));
    },
    construct: (_, reply) => {
      reply(refuse("Construct"));
    },
    list: (call) => {
      call.destroy(refuse("List"));
    },
    getMapping: (_, reply) => {
      reply(refuse("GetMapping"));
    },
    getMappings: (_, reply) => {
      reply(refuse("GetMappings"));
    },
  };
}

type Unary = <Q, A>(answer: (ask: Q) => A | Promise<A>) => handleUnaryCall<Q, A>;

/** Handlers from functions; what one throws becomes the call's error, in the error's own words. */
function unaryOf(calls: Calls): Unary {
  return (answer) => (call, reply) => {
    calls
      .during(async () => answer(call.request))
      .then(
        (response) => {
          reply(null, response);
        },
        (error: unknown) => {
          reply({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
        },
      );
  };
}

const kinds = {
  add: [pb.PropertyDiff.Kind.ADD, pb.PropertyDiff.Kind.ADD_REPLACE],
  delete: [pb.PropertyDiff.Kind.DELETE, pb.PropertyDiff.Kind.DELETE_REPLACE],
  update: [pb.PropertyDiff.Kind.UPDATE, pb.PropertyDiff.Kind.UPDATE_REPLACE],
} as const;

function answerDiff({ changes, deleteBeforeReplace }: Difference): pb.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
  const response = new pb.DiffResponse();
  response.setChanges(changes.length === 0 ? DIFF_NONE : DIFF_SOME).setHasdetaileddiff(true);
  response.setDiffsList(roots(changes)).setReplacesList(roots(changes.filter((change) => change.replace)));
  response.setDeletebeforereplace(deleteBeforeReplace);
  for (const change of changes) response.getDetaileddiffMap().set(printPath(change.path), propertyDiff(change));
  return response;
}

function propertyDiff({ kind, replace, input }: Change): pb.PropertyDiff {
  return new pb.PropertyDiff().setKind(kinds[kind][replace ? 1 : 0]).setInputdiff(input);
}

/** Type and name in a URN: `urn:pulumi:<stack>::<project>::<parents$type>::<name>`, where a name may hold `::`. */
function partsOf(urn: string): [type: string, name: string] {
  const [, , types = "", ...name] = urn.split("::");
  return [types.slice(types.lastIndexOf("$") + 1), name.join("::")];
}
