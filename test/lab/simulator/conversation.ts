import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { credentials, Server, ServerCredentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";

import { Calls } from "../../../lab/simulator/lifetime";
import { fromStruct, toStruct } from "../../../lab/simulator/marshal";
import { modelsOf } from "../../../lab/simulator/models";
import { SimulatedProvider } from "../../../lab/simulator/provider";
import { serviceOf } from "../../../lab/simulator/service";
import type { PropertyMap } from "../../../lab/simulator/values";
import { World, type Stage } from "../../../lab/world";

export const urnOf = (type: string, name: string): string => `urn:pulumi:dev::estate::${type}::${name}`;

/** A stage on which nothing waits and a crash is an error the test sees. */
export class TestStage implements Stage {
  waited: number[] = [];

  crash(): never {
    throw new Error("the process is gone");
  }

  wait(seconds: number): Promise<void> {
    this.waited.push(seconds);
    return Promise.resolve();
  }
}

type Reply<T> = (error: ServiceError | null, response: T) => void;

function answered<T>(call: (reply: Reply<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => {
      if (error) reject(new Error(error.details));
      else resolve(response);
    });
  });
}

/** An engine's side of the wire: speaks to a simulated provider over gRPC, in the engine's terms. */
export class Conversation {
  readonly world: World;
  readonly stage = new TestStage();
  readonly types: string[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), "simulator-"));
  private servers: Server[] = [];
  private client: ResourceProviderClient | undefined;

  constructor(private readonly packageName: string) {
    this.world = new World(join(this.folder, "world.json"));
  }

  /** A new process of the plugin in the same world. */
  async start(): Promise<void> {
    const models = modelsOf(this.packageName);
    const provider = new SimulatedProvider(this.world, models, this.stage);
    const server = new Server();
    const around = {
      packageName: this.packageName,
      version: "1.2.3",
      identity: models.identity ?? (() => ""),
      prepare: async () => models.prepare?.(),
      configured: () => undefined,
      used: (type: string) => this.types.push(type),
      cancelled: () => undefined,
      attached: () => undefined,
    };
    server.addService(ResourceProviderService, serviceOf(provider, new Calls(), around));
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    this.client?.close();
    this.client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    this.servers.push(server);
  }

  stop(): void {
    this.client?.close();
    this.servers.forEach((server) => {
      server.forceShutdown();
    });
    rmSync(this.folder, { recursive: true });
  }

  private get raw(): ResourceProviderClient {
    if (this.client === undefined) throw new Error("start first");
    return this.client;
  }

  handshake = () =>
    answered<pb.ProviderHandshakeResponse>((reply) => this.raw.handshake(new pb.ProviderHandshakeRequest(), reply));

  configure(config: PropertyMap) {
    const ask = new pb.ConfigureRequest().setArgs(toStruct(config));
    return answered<pb.ConfigureResponse>((reply) => this.raw.configure(ask, reply));
  }

  async diffConfig(before: PropertyMap, after: PropertyMap) {
    const ask = new pb.DiffRequest().setOldInputs(toStruct(before)).setNews(toStruct(after));
    return (await answered<pb.DiffResponse>((reply) => this.raw.diffConfig(ask, reply))).toObject();
  }

  async check(urn: string, inputs: PropertyMap, before: PropertyMap = {}) {
    const ask = new pb.CheckRequest().setUrn(urn).setNews(toStruct(inputs)).setOlds(toStruct(before));
    ask.setRandomseed(Buffer.from("0123456789abcdef", "hex"));
    const response = await answered<pb.CheckResponse>((reply) => this.raw.check(ask, reply));
    return { inputs: fromStruct(response.getInputs()), failures: response.toObject().failuresList };
  }

  async create(urn: string, inputs: PropertyMap, preview = false) {
    const ask = new pb.CreateRequest().setUrn(urn).setProperties(toStruct(inputs)).setPreview(preview);
    const response = await answered<pb.CreateResponse>((reply) => this.raw.create(ask, reply));
    return { id: response.getId(), state: fromStruct(response.getProperties()) };
  }

  async read(urn: string, id: string, state: PropertyMap = {}, inputs: PropertyMap = {}) {
    const ask = new pb.ReadRequest().setUrn(urn).setId(id).setProperties(toStruct(state)).setInputs(toStruct(inputs));
    const response = await answered<pb.ReadResponse>((reply) => this.raw.read(ask, reply));
    return {
      id: response.getId(),
      state: fromStruct(response.getProperties()),
      inputs: fromStruct(response.getInputs()),
    };
  }

  async diff(
    urn: string,
    id: string,
    state: PropertyMap,
    before: PropertyMap,
    inputs: PropertyMap,
    ignored: string[] = [],
  ) {
    const ask = new pb.DiffRequest().setUrn(urn).setId(id).setOlds(toStruct(state)).setOldInputs(toStruct(before));
    ask.setNews(toStruct(inputs)).setIgnorechangesList(ignored);
    const response = await answered<pb.DiffResponse>((reply) => this.raw.diff(ask, reply));
    const detailed = response.getDetaileddiffMap().toObject(false, (_, message) => message.toObject());
    return {
      changes: response.getChanges() === pb.DiffResponse.DiffChanges.DIFF_SOME,
      replaces: response.getReplacesList(),
      first: response.getDeletebeforereplace(),
      paths: Object.fromEntries(detailed.map(([path, { kind, inputdiff }]) => [path, [kind, inputdiff]])),
    };
  }

  async update(urn: string, id: string, state: PropertyMap, inputs: PropertyMap, preview = false) {
    const ask = new pb.UpdateRequest().setUrn(urn).setId(id).setOlds(toStruct(state)).setNews(toStruct(inputs));
    const response = await answered<pb.UpdateResponse>((reply) => this.raw.update(ask.setPreview(preview), reply));
    return fromStruct(response.getProperties());
  }

  async delete(urn: string, id: string, inputs: PropertyMap = {}): Promise<void> {
    const ask = new pb.DeleteRequest().setUrn(urn).setId(id).setOldInputs(toStruct(inputs));
    await answered((reply) => this.raw.delete(ask, reply));
  }

  async invoke(token: string, args: PropertyMap) {
    const ask = new pb.InvokeRequest().setTok(token).setArgs(toStruct(args));
    return fromStruct((await answered<pb.InvokeResponse>((reply) => this.raw.invoke(ask, reply))).getReturn());
  }
}
