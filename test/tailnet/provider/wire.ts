import { credentials, Server, ServerCredentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { z } from "zod";

import { service } from "../../../providers/common/server";
import { decode, encode, known, type Known, type Properties } from "../../../providers/common/values";
import { headscale } from "../../../providers/headscale/provider";

/** A resource as the engine's state has it, with the names of what travelled in the secret envelope. */
export interface Resource {
  readonly id: string;
  readonly inputs: Known;
  readonly outputs: Known;
  readonly secrets: ReadonlySet<string>;
}

/** What the engine learns of a change. */
export interface Change {
  readonly changed: readonly string[];
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
  /** By property: how it changes, and whether it is an input. */
  readonly detailed: Readonly<Record<string, string>>;
}

const listed = z.object({ nodes: z.array(z.record(z.string(), z.json())) });

/** The provider as the engine has it: asked over gRPC, in wire forms, one resource at a time. Types are named without their package. */
export class WireProvider {
  private readonly server = new Server();
  private client: ResourceProviderClient | undefined;

  /** Serves a provider of this configuration. */
  async start(config: Known): Promise<this> {
    this.server.addService(ResourceProviderService, service(headscale));
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    this.client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    const args = encode(config, new Set(["apiKey"]));
    await this.ask<proto.ConfigureResponse>((client, reply) =>
      client.configure(new proto.ConfigureRequest().setArgs(args), reply),
    );
    return this;
  }

  stop(): void {
    this.client?.close();
    this.server.forceShutdown();
  }

  async check(type: string, news: Properties, olds: Properties = {}, name = "x"): Promise<Struct> {
    const request = new proto.CheckRequest().setUrn(urn(type, name)).setNews(plain(news)).setOlds(plain(olds));
    const answer = await this.ask<proto.CheckResponse>((client, reply) => client.check(request, reply));
    const failures = answer.getFailuresList().map((failure) => `${failure.getProperty()}: ${failure.getReason()}`);
    if (failures.length > 0) throw new Error(failures.join("\n"));
    return present(answer.getInputs());
  }

  async create(type: string, news: Properties, name = "x"): Promise<Resource> {
    const inputs = await this.check(type, news, {}, name);
    const request = new proto.CreateRequest().setUrn(urn(type, name)).setProperties(inputs);
    const answer = await this.ask<proto.CreateResponse>((client, reply) => client.create(request, reply));
    return resource(answer.getId(), inputs, answer.getProperties());
  }

  async diff(type: string, old: Resource, news: Properties, name = "x"): Promise<Change> {
    const inputs = await this.check(type, news, old.inputs, name);
    const request = new proto.DiffRequest().setUrn(urn(type, name)).setId(old.id).setNews(inputs);
    request.setOlds(bag(old)).setOldInputs(encode(old.inputs, old.secrets));
    const answer = await this.ask<proto.DiffResponse>((client, reply) => client.diff(request, reply));
    const kinds = Object.entries(proto.PropertyDiff.Kind);
    const detailed: Record<string, string> = {};
    answer.getDetaileddiffMap().forEach((difference, property) => {
      detailed[property] = kinds.find(([, value]) => value === difference.getKind())?.[0] ?? "?";
    });
    return {
      changed: answer.getDiffsList(),
      replaces: answer.getReplacesList(),
      deleteBeforeReplace: answer.getDeletebeforereplace(),
      detailed,
    };
  }

  async update(type: string, old: Resource, news: Properties, name = "x"): Promise<Resource> {
    const inputs = await this.check(type, news, old.inputs, name);
    const request = new proto.UpdateRequest().setUrn(urn(type, name)).setId(old.id).setOlds(bag(old)).setNews(inputs);
    const answer = await this.ask<proto.UpdateResponse>((client, reply) => client.update(request, reply));
    return resource(old.id, inputs, answer.getProperties());
  }

  /** As a refresh does; undefined when the resource is gone. */
  async read(type: string, old: Resource, name = "x"): Promise<Resource | undefined> {
    const request = new proto.ReadRequest().setUrn(urn(type, name)).setId(old.id);
    request.setProperties(bag(old)).setInputs(encode(old.inputs, old.secrets));
    return this.found(request);
  }

  import(type: string, id: string): Promise<Resource | undefined> {
    return this.found(new proto.ReadRequest().setUrn(urn(type, "x")).setId(id));
  }

  async delete(type: string, old: Resource, name = "x"): Promise<void> {
    const request = new proto.DeleteRequest().setUrn(urn(type, name)).setId(old.id).setProperties(bag(old));
    await this.ask((client, reply) => client.delete(request, reply));
  }

  /** The names of the properties a refresh would show as changed. */
  async drift(type: string, old: Resource, name = "x"): Promise<string[] | "gone"> {
    const now = await this.read(type, old, name);
    if (now === undefined) return "gone";
    const keys = [...new Set([...Object.keys(old.outputs), ...Object.keys(now.outputs)])].sort();
    return keys.filter((key) => JSON.stringify(old.outputs[key]) !== JSON.stringify(now.outputs[key]));
  }

  /** What a function answers, or throws what is wrong with its arguments. */
  async invoke(token: string, args: Properties): Promise<Known> {
    const request = new proto.InvokeRequest().setTok(`headscale:index:${token}`).setArgs(plain(args));
    const answer = await this.ask<proto.InvokeResponse>((client, reply) => client.invoke(request, reply));
    const failures = answer.getFailuresList().map((failure) => `${failure.getProperty()}: ${failure.getReason()}`);
    if (failures.length > 0) throw new Error(failures.join("\n"));
    return known(decode(answer.getReturn()).values);
  }

  /** What getNodes lists. */
  async nodes(args: Properties): Promise<readonly Known[]> {
    return listed.parse(await this.invoke("getNodes", args)).nodes;
  }

  private async found(request: proto.ReadRequest): Promise<Resource | undefined> {
    const answer = await this.ask<proto.ReadResponse>((client, reply) => client.read(request, reply));
    return answer.getId() === "" ? undefined : resource(answer.getId(), answer.getInputs(), answer.getProperties());
  }

  private ask<T>(
    call: (client: ResourceProviderClient, reply: (error: ServiceError | null, answer: T) => void) => unknown,
  ): Promise<T> {
    const { client } = this;
    if (client === undefined) throw new Error("the provider is not served yet");
    return new Promise((resolve, reject) => {
      call(client, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(new Error(error.details));
      });
    });
  }
}

function urn(type: string, name: string): string {
  return `urn:pulumi:test::estate::headscale:index:${type}::${name}`;
}

function plain(values: Properties): Struct {
  return encode(values, new Set());
}

function bag({ outputs, secrets }: Resource): Struct {
  return encode(outputs, secrets);
}

function resource(id: string, inputs: Struct | undefined, outputs: Struct | undefined): Resource {
  const { values, secrets } = decode(outputs);
  return { id, inputs: known(decode(inputs).values), outputs: known(values), secrets };
}

function present(struct: Struct | undefined): Struct {
  if (struct === undefined) throw new Error("the provider left out its answer");
  return struct;
}

/** An output that must be a text. */
export function textOf({ outputs }: Resource, name: string): string {
  const value = outputs[name];
  if (typeof value !== "string") throw new Error(`${name} is no text`);
  return value;
}
