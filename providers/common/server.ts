import type { sendUnaryData, ServerUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";

import { discreet } from "./discreet";
import type { Diff, Failure } from "./kind";
import { Lifecycle, type Subject } from "./lifecycle";
import type { Plugin } from "./plugin";
import { schemaOf } from "./schema";
import { decode, encode, known, type Properties } from "./values";

/**
 * The engine's resource provider service over a plugin.
 *
 * `main` of @pulumi/pulumi/provider (3.250.0) is not used: it drops what Configure brings (a provider would never learn
 * its endpoint), has no preview, and its diff cannot name properties. Wire types and handshake are the package's own.
 */
export function service<B>(plugin: Plugin<B>): UntypedServiceImplementation {
  const life = new Lifecycle(plugin);
  return { ...housekeeping(plugin, life), ...resources(life) };
}

function housekeeping<B>(plugin: Plugin<B>, life: Lifecycle<B>): UntypedServiceImplementation {
  return {
    getPluginInfo: unary(() => new PluginInfo().setVersion(plugin.version)),
    attach: unary(() => new Empty()),
    cancel: unary(() => new Empty()),
    getSchema: unary(() => new proto.GetSchemaResponse().setSchema(schemaOf(plugin))),
    checkConfig: unary((request: proto.CheckRequest) => checkConfig(plugin, request)),
    diffConfig: unary((request: proto.DiffRequest) => diffConfig(request)),
    configure: unary((request: proto.ConfigureRequest) => {
      life.configure(known(decode(request.getArgs()).values));
      return new proto.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),
  };
}

function resources<B>(life: Lifecycle<B>): UntypedServiceImplementation {
  return {
    invoke: unary(async (request: proto.InvokeRequest) => {
      const { values, failures } = await life.invoke(request.getTok(), decode(request.getArgs()));
      return new proto.InvokeResponse().setReturn(encode(values, new Set())).setFailuresList(failures.map(failure));
    }),
    check: unary(async (request: proto.CheckRequest) => {
      const olds = decode(request.getOlds()).values;
      const { values, secrets, failures } = await life.check(subject(request), olds, decode(request.getNews()));
      return new proto.CheckResponse().setInputs(encode(values, secrets)).setFailuresList(failures.map(failure));
    }),
    diff: unary((request: proto.DiffRequest) => {
      const outputs = decode(request.getOlds()).values;
      const old = request.getOldInputs();
      const before = { inputs: old === undefined ? outputs : decode(old).values, outputs };
      const news = decode(request.getNews()).values;
      return diffResponse(life.diff(subject(request), before, news), before.inputs, news);
    }),
    create: unary(async (request: proto.CreateRequest) => {
      const { id, values, secrets } = await life.create(
        subject(request),
        decode(request.getProperties()),
        request.getPreview(),
      );
      return new proto.CreateResponse().setId(id).setProperties(encode(values, secrets));
    }),
    read: unary(async (request: proto.ReadRequest) => {
      const { id, values, secrets, inputs } = await life.read(
        subject(request),
        request.getId(),
        decode(request.getProperties()),
        decode(request.getInputs()),
      );
      return new proto.ReadResponse()
        .setId(id)
        .setProperties(encode(values, secrets))
        .setInputs(encode(inputs, secrets));
    }),
    update: unary(async (request: proto.UpdateRequest) => {
      const olds = decode(request.getOlds());
      const { values, secrets } = await life.update(
        subject(request),
        request.getId(),
        olds,
        decode(request.getNews()),
        request.getPreview(),
      );
      return new proto.UpdateResponse().setProperties(encode(values, secrets));
    }),
    delete: unary(async (request: proto.DeleteRequest) => {
      await life.delete(subject(request), request.getId(), decode(request.getProperties()));
      return new Empty();
    }),
  };
}

/** A call that gets one answer; whatever is thrown becomes the engine's error message, without a stack. */
function unary<Q, R>(
  answer: (request: Q) => R | Promise<R>,
): (call: ServerUnaryCall<Q, R>, reply: sendUnaryData<R>) => void {
  return (call, reply) => {
    Promise.resolve(call.request)
      .then(answer)
      .then(
        (response) => {
          reply(null, response);
        },
        (error: unknown) => {
          reply({ code: status.UNKNOWN, message: error instanceof Error ? error.message : String(error) });
        },
      );
  };
}

function checkConfig<B>(plugin: Plugin<B>, request: proto.CheckRequest): proto.CheckResponse {
  const { values, secrets } = decode(request.getNews());
  // The SDK adds its own version to a provider's inputs.
  const config: Properties = Object.fromEntries(Object.entries(values).filter(([key]) => key !== "version"));
  return new proto.CheckResponse()
    .setInputs(encode(values, secrets))
    .setFailuresList(discreet(plugin.checkConfig(config), { values, secrets }).map(failure));
}

/** Another address or key is the same provider: nothing is made anew because of it. */
function diffConfig(request: proto.DiffRequest): proto.DiffResponse {
  const olds = decode(request.getOldInputs() ?? request.getOlds()).values;
  const news = decode(request.getNews()).values;
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
  const changed = names.filter((name) => olds[name] !== news[name]);
  return diffResponse({ changed, replaces: [], deleteBeforeReplace: false }, olds, news);
}

const { Kind } = proto.PropertyDiff;
const inPlace = { add: Kind.ADD, update: Kind.UPDATE, remove: Kind.DELETE };
const replacing = { add: Kind.ADD_REPLACE, update: Kind.UPDATE_REPLACE, remove: Kind.DELETE_REPLACE };

function diffResponse(diff: Diff, olds: Properties, inputs: Properties): proto.DiffResponse {
  const response = new proto.DiffResponse()
    .setChanges(
      diff.changed.length > 0 ? proto.DiffResponse.DiffChanges.DIFF_SOME : proto.DiffResponse.DiffChanges.DIFF_NONE,
    )
    .setDiffsList([...diff.changed])
    .setReplacesList([...diff.replaces])
    .setDeletebeforereplace(diff.deleteBeforeReplace)
    .setHasdetaileddiff(true);
  for (const name of diff.changed) {
    const [was, is] = [Object.hasOwn(olds, name), Object.hasOwn(inputs, name)];
    const kinds = diff.replaces.includes(name) ? replacing : inPlace;
    // What neither is an input nor was one is a property of the provider's own that it mends.
    const kind = was === is ? kinds.update : is ? kinds.add : kinds.remove;
    response.getDetaileddiffMap().set(name, new proto.PropertyDiff().setKind(kind).setInputdiff(is));
  }
  return response;
}

function failure({ property, reason }: Failure): proto.CheckFailure {
  return new proto.CheckFailure().setProperty(property).setReason(reason);
}

/** `urn:pulumi:<stack>::<project>::<parents' types>$<type>::<name>`; requests of older engines have nothing but it. */
function subject(request: { getUrn(): string; getType(): string; getName(): string }): Subject {
  const urn = request.getUrn();
  const [, , types, ...name] = urn.split("::");
  const type = request.getType() === "" ? (types?.split("$").pop() ?? "") : request.getType();
  return { urn, type, name: request.getName() === "" ? name.join("::") : request.getName() };
}
