import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { credentials, Server, ServerCredentials, type ServiceError } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { parsePath } from "../../../lab/simulator/path";
import { decode, encode, known, type Known, type Properties, type Value } from "../../../providers/common/values";

/** A resource as the engine's state has it. */
export interface Resource {
  readonly type: string;
  readonly id: string;
  readonly inputs: Struct;
  readonly outputs: Struct;
}

type Reply<T> = (error: ServiceError | null, answer: T) => void;

/** A provider plugin's process, spoken to as the engine does. */
export class Plugin {
  /** What the plugin told the engine. */
  readonly said: string[] = [];
  private readonly host = new Server();
  private child: ChildProcess | undefined;
  private client: ResourceProviderClient | undefined;

  async start(binary: string, env: NodeJS.ProcessEnv, config: Properties): Promise<void> {
    this.host.addService(EngineService, {
      log: (call: { request: engine.LogRequest }, reply: Reply<Empty>) => {
        this.said.push(call.request.getMessage());
        reply(null, new Empty());
      },
      getRootResource: (_: unknown, reply: Reply<engine.GetRootResourceResponse>) => {
        reply(null, new engine.GetRootResourceResponse());
      },
      setRootResource: (_: unknown, reply: Reply<engine.SetRootResourceResponse>) => {
        reply(null, new engine.SetRootResourceResponse());
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      this.host.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    const child = spawn(binary, [`127.0.0.1:${port}`], { env, stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    child.stderr.on("data", (data: Buffer) => this.said.push(data.toString()));
    const [address] = await new Promise<string[]>((resolve, reject) => {
      createInterface(child.stdout).once("line", (line) => {
        resolve([line]);
      });
      child.once("exit", (code) => {
        reject(new Error(`the plugin ended with code ${String(code)}: ${this.said.join("\n")}`));
      });
    });
    this.client = new ResourceProviderClient(`127.0.0.1:${address ?? ""}`, credentials.createInsecure());
    const args = encode(config, new Set());
    const request = new proto.ConfigureRequest().setArgs(args).setAcceptsecrets(false).setAcceptresources(false);
    await this.ask<proto.ConfigureResponse>((client, reply) => client.configure(request, reply));
  }

  stop(): void {
    this.client?.close();
    this.child?.removeAllListeners("exit");
    this.child?.kill();
    this.host.forceShutdown();
  }

  /** Checks and creates, as `up` does. */
  async create(type: string, news: Properties): Promise<Resource> {
    const inputs = await this.check(type, news);
    const request = new proto.CreateRequest().setUrn(urn(type)).setProperties(inputs);
    const answer = await this.ask<proto.CreateResponse>((client, reply) => client.create(request, reply));
    return { type, id: answer.getId(), inputs, outputs: present(answer.getProperties()) };
  }

  /**
   * What the engine would show as changed: nothing when the goal is reached.
   *
   * @param ignored paths of the resource option ignoreChanges
   */
  async diff(
    old: Resource,
    news: Properties,
    ignored: readonly string[] = [],
  ): Promise<{ changed: string[]; replaces: string[] }> {
    const inputs = await this.check(old.type, reset(news, old, ignored), old.inputs);
    const request = new proto.DiffRequest().setUrn(urn(old.type)).setId(old.id).setNews(inputs);
    request
      .setOlds(old.outputs)
      .setOldInputs(old.inputs)
      .setIgnorechangesList([...ignored]);
    const answer = await this.ask<proto.DiffResponse>((client, reply) => client.diff(request, reply));
    const changed: string[] = [];
    answer.getDetaileddiffMap().forEach((_, path) => changed.push(path));
    // Resources of the upstream's newer half have no paths, only properties.
    if (changed.length === 0) changed.push(...answer.getDiffsList());
    return { changed: changed.sort(), replaces: answer.getReplacesList() };
  }

  async update(old: Resource, news: Properties, ignored: readonly string[] = []): Promise<Resource> {
    const inputs = await this.check(old.type, reset(news, old, ignored), old.inputs);
    const request = new proto.UpdateRequest().setUrn(urn(old.type)).setId(old.id).setNews(inputs);
    request
      .setOlds(old.outputs)
      .setOldInputs(old.inputs)
      .setIgnorechangesList([...ignored]);
    const answer = await this.ask<proto.UpdateResponse>((client, reply) => client.update(request, reply));
    return { ...old, inputs, outputs: present(answer.getProperties()) };
  }

  /** As `refresh` does; undefined when the resource is gone. */
  async read(old: Resource): Promise<Resource | undefined> {
    const request = new proto.ReadRequest().setUrn(urn(old.type)).setId(old.id);
    request.setProperties(old.outputs).setInputs(old.inputs);
    const answer = await this.ask<proto.ReadResponse>((client, reply) => client.read(request, reply));
    if (answer.getId() === "") return undefined;
    return { ...old, inputs: present(answer.getInputs()), outputs: present(answer.getProperties()) };
  }

  async delete(old: Resource): Promise<void> {
    const request = new proto.DeleteRequest().setUrn(urn(old.type)).setId(old.id).setProperties(old.outputs);
    await this.ask((client, reply) => client.delete(request.setOldInputs(old.inputs), reply));
  }

  private async check(type: string, news: Properties, olds?: Struct): Promise<Struct> {
    const request = new proto.CheckRequest().setUrn(urn(type)).setNews(encode(news, new Set()));
    if (olds !== undefined) request.setOlds(olds);
    const answer = await this.ask<proto.CheckResponse>((client, reply) => client.check(request, reply));
    const failures = answer.getFailuresList().map((failure) => failure.getReason());
    if (failures.length > 0) throw new Error(failures.join("\n"));
    return present(answer.getInputs());
  }

  private ask<T>(call: (client: ResourceProviderClient, reply: Reply<T>) => unknown): Promise<T> {
    const { client } = this;
    if (client === undefined) throw new Error("the plugin does not run");
    return new Promise((resolve, reject) => {
      call(client, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(new Error(error.details));
      });
    });
  }
}

/** What a resource's state says. */
export function outputsOf({ outputs }: Resource): Known {
  return known(decode(outputs).values);
}

/** Inputs with what is ignored as it was: the engine does this before it asks the provider (processIgnoreChanges). */
function reset(news: Properties, { inputs }: Resource, ignored: readonly string[]): Properties {
  const before = decode(inputs).values;
  const after = structuredClone(news);
  for (const path of ignored) {
    const parts = parsePath(path);
    const last = parts.pop() ?? "";
    const [from, to] = [follow(before, parts), follow(after, parts)];
    if (!isMap(to)) continue;
    const value = isMap(from) ? from[last] : undefined;
    if (value === undefined) Reflect.deleteProperty(to, last);
    else to[last] = value;
  }
  return after;
}

function follow(value: Value | undefined, path: readonly (string | number)[]): Value | undefined {
  return path.reduce<Value | undefined>((at, part) => {
    if (Array.isArray(at)) return at[Number(part)];
    return isMap(at) ? at[part] : undefined;
  }, value);
}

function isMap(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function urn(type: string): string {
  return `urn:pulumi:test::estate::${type}::thing`;
}

function present(struct: Struct | undefined): Struct {
  if (struct === undefined) throw new Error("the provider left out its answer");
  return struct;
}
