import { join } from "node:path";

import { credentials, Server, ServerCredentials, type Client, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

import { service } from "../../../providers/common/server";
import { decode, encode, unknown } from "../../../providers/common/values";
import { headscale } from "../../../providers/headscale/provider";
import { temporaryFolder } from "../support";

// What it can't prove: that the engine reads the answers as meant. That is seen in the engine tests.

const secret = (value: string): object => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});
const later = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const struct = (values: object): Struct => Struct.fromJavaScript({ ...values });
const urn = (type: string): string => `urn:pulumi:test::estate::estate:tailnet:Tailnet$headscale:index:${type}::x`;
const folder = temporaryFolder();
const server = new Server();
let client: ResourceProviderClient;

type Reply<T> = (error: ServiceError | null, answer: T) => void;
const ask = <T>(call: (reply: Reply<T>) => Client | object): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, answer) => {
      if (error === null) resolve(answer);
      else reject(new Error(error.details));
    });
  });

beforeAll(async () => {
  server.addService(ResourceProviderService, service(headscale));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const args = struct({ world: join(folder, "world.json") });
  const answer = await ask<proto.ConfigureResponse>((reply) =>
    client.configure(new proto.ConfigureRequest().setArgs(args), reply),
  );
  expect([answer.getAcceptsecrets(), answer.getSupportspreview()]).toEqual([true, true]);
});

afterAll(() => {
  client.close();
  server.forceShutdown();
});

describe("property bags", () => {
  test("a secret anywhere inside makes its whole property secret, and unknown values stay unknown", () => {
    const wire = struct({ a: secret("s"), b: { c: [secret("t")] }, d: later, e: [later], f: null, g: 1 });
    const { values, secrets } = decode(wire);
    expect(values).toEqual({ a: "s", b: { c: ["t"] }, d: unknown, e: [unknown], f: null, g: 1 });
    expect([...secrets]).toEqual(["a", "b"]);
    expect(encode(values, secrets).toJavaScript()).toEqual({
      ...{ a: secret("s"), d: later, e: [later], f: null, g: 1 },
      b: { ...secret(""), value: { c: ["t"] } },
    });
  });
});

describe("the provider service", () => {
  test("check completes defaults, keeps what is unknown, keeps what is secret", async () => {
    const news = struct({ user: later, tags: [secret("tag:ci")], expiration: "24 hours" });
    const answer = await ask<proto.CheckResponse>((reply) =>
      client.check(new proto.CheckRequest().setUrn(urn("PreAuthKey")).setNews(news), reply),
    );
    expect(answer.getFailuresList()).toEqual([]);
    const inputs = answer.getInputs()?.toJavaScript();
    expect(inputs).toMatchObject({ user: later, reusable: false, ephemeral: false });
    expect(inputs).toHaveProperty("tags", { ...secret(""), value: ["tag:ci"] });
  });

  test("check says what is wrong, by property", async () => {
    const answer = await ask<proto.CheckResponse>((reply) =>
      client.check(new proto.CheckRequest().setUrn(urn("User")).setNews(struct({ nam: "x" })), reply),
    );
    expect(answer.getFailuresList().map((failure) => failure.toObject())).toEqual([
      { property: "name", reason: "missing; it is required" },
      { property: "nam", reason: "unknown property; allowed are name, displayName, email" },
    ]);
  });

  test("a failure of a secret names neither the property to the engine, which would print its value, nor the value", async () => {
    const check = (type: string, news: object): Promise<proto.CheckResponse> =>
      ask((reply) => client.check(new proto.CheckRequest().setUrn(urn(type)).setNews(struct(news)), reply));
    const answer = await check("PreAuthKey", { tags: [secret("hunter2"), "tag:a"], expiration: "1 days" });
    expect(answer.getFailuresList().map((failure) => failure.toObject())).toEqual([
      {
        property: "",
        reason:
          'tags: 0: "[secret]" is no tag; write "tag:" and lower-case letters, digits and "-", for example "tag:ci"',
      },
    ]);
    const config = new proto.CheckRequest().setNews(struct({ endpoint: "https://a.example", apiKey: secret("") }));
    const checked = await ask<proto.CheckResponse>((reply) => client.checkConfig(config, reply));
    expect(checked.getFailuresList().map((failure) => failure.toObject())).toEqual([
      { property: "", reason: "apiKey: must not be empty" },
    ]);
  });

  test("the schema names what is there, and what of it is secret", async () => {
    const answer = await ask<proto.GetSchemaResponse>((reply) => client.getSchema(new proto.GetSchemaRequest(), reply));
    const any = { $ref: "pulumi.json#/Any" };
    expect(JSON.parse(answer.getSchema())).toMatchObject({
      name: "headscale",
      functions: {
        "headscale:index:getNodes": {
          inputs: { properties: { user: any, tag: any } },
          outputs: { properties: { nodes: any }, type: "object" },
        },
      },
      resources: {
        "headscale:index:ApiKey": {
          inputProperties: { expiration: any, renewBefore: any, expiresAt: any },
          properties: { key: { ...any, secret: true }, prefix: any },
        },
      },
    });
  });

  test("create in a preview changes nothing and leaves computed properties open, secret ones as secrets", async () => {
    const request = new proto.CreateRequest().setUrn(urn("PreAuthKey")).setPreview(true);
    request.setProperties(struct({ tags: ["tag:ci"], expiration: "24 hours" }));
    const answer = await ask<proto.CreateResponse>((reply) => client.create(request, reply));
    expect(answer.getProperties()?.toJavaScript()).toEqual({
      tags: ["tag:ci"],
      expiration: "24 hours",
      key: secret(later),
    });
    const list = await ask<proto.ReadResponse>((reply) =>
      client.read(new proto.ReadRequest().setUrn(urn("PreAuthKey")).setId("1"), reply),
    );
    expect(list.getId()).toBe("");
  });

  test("invoke answers a function, lists what is wrong with its arguments, and names what there is", async () => {
    const invoke = (name: string, args: object): Promise<proto.InvokeResponse> => {
      const request = new proto.InvokeRequest().setTok(`headscale:index:${name}`).setArgs(struct(args));
      return ask((reply) => client.invoke(request, reply));
    };
    expect((await invoke("getNodes", { tag: "tag:a" })).getReturn()?.toJavaScript()).toEqual({ nodes: [] });
    const refused = await invoke("getNodes", { tag: secret("hunter2"), user: later, who: "x" });
    expect(refused.getFailuresList().map((failure) => failure.toObject())).toEqual([
      {
        property: "",
        reason: 'tag: "[secret]" is no tag; write "tag:" and lower-case letters, digits and "-", for example "tag:ci"',
      },
      { property: "who", reason: "unknown property; allowed are user, tag" },
      { property: "user", reason: "must be known when the function is called" },
    ]);
    await expect(invoke("getUsers", {})).rejects.toThrow(
      new Error("headscale:index:getUsers is no function of this provider; it has headscale:index:getNodes"),
    );
  });

  test("diff names the property and how it changes; values that mean the same are no change", async () => {
    const diff = (news: object): Promise<proto.DiffResponse> => {
      const olds = struct({ name: "alice", displayName: "", email: "" });
      const request = new proto.DiffRequest()
        .setUrn(urn("User"))
        .setId("1")
        .setOlds(olds)
        .setOldInputs(olds)
        .setNews(struct(news));
      return ask((reply) => client.diff(request, reply));
    };
    const renamed = await diff({ name: "bob", displayName: "", email: "" });
    expect(renamed.getChanges()).toBe(proto.DiffResponse.DiffChanges.DIFF_SOME);
    expect(renamed.getDetaileddiffMap().get("name")?.toObject()).toEqual({
      kind: proto.PropertyDiff.Kind.UPDATE,
      inputdiff: true,
    });
    const other = await diff({ name: "alice", displayName: "", email: "a@example.org" });
    expect([other.getReplacesList(), other.getDeletebeforereplace()]).toEqual([["email"], true]);
    const same = await diff({ name: "alice", displayName: "", email: "" });
    expect([same.getChanges(), same.getHasdetaileddiff()]).toEqual([proto.DiffResponse.DiffChanges.DIFF_NONE, true]);
  });

  test("diff tells what is added and taken away from what is changed", async () => {
    const diff = async (olds: object, news: object): Promise<unknown> => {
      const request = new proto.DiffRequest().setUrn(urn("PreAuthKey")).setId("1").setNews(struct(news));
      const answer = await ask<proto.DiffResponse>((reply) =>
        client.diff(request.setOlds(struct(olds)).setOldInputs(struct(olds)), reply),
      );
      const kinds: Record<string, number> = {};
      answer.getDetaileddiffMap().forEach((difference, property) => (kinds[property] = difference.getKind()));
      return kinds;
    };
    const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE } = proto.PropertyDiff.Kind;
    const key = { tags: ["tag:a"], expiration: "1 days" };
    const more = { ...key, renewBefore: "2 hours", user: "1" };
    expect(await diff(key, more)).toEqual({ renewBefore: ADD, user: ADD_REPLACE });
    expect(await diff(more, key)).toEqual({ renewBefore: DELETE, user: DELETE_REPLACE });
  });

  test("what fails reaches the engine as one sentence without a stack", async () => {
    const request = new proto.CreateRequest().setUrn(urn("Nonsense")).setProperties(struct({}));
    await expect(ask<proto.CreateResponse>((reply) => client.create(request, reply))).rejects.toThrow(
      new Error(
        "headscale:index:Nonsense is no resource of this provider; it has headscale:index:User, headscale:index:PreAuthKey, " +
          "headscale:index:Policy, headscale:index:NodeTags, headscale:index:RouteApproval, headscale:index:ApiKey",
      ),
    );
  });

  test("another configuration of the provider replaces nothing", async () => {
    const request = new proto.DiffRequest().setOldInputs(
      struct({ endpoint: "https://a.example", apiKey: secret("k") }),
    );
    request.setNews(struct({ endpoint: "https://b.example", apiKey: secret("k") }));
    const answer = await ask<proto.DiffResponse>((reply) => client.diffConfig(request, reply));
    expect([answer.getDiffsList(), answer.getReplacesList()]).toEqual([["endpoint"], []]);
  });

  test.each([
    [
      { world: "/w.json", endpoint: "https://a.example" },
      "endpoint: cannot be given together with world: a provider has one backend",
    ],
    [
      { endpoint: "https://a.example" },
      "apiKey: missing; give endpoint and apiKey of a Headscale server, or the world of a lab",
    ],
    [{ endpoint: "a.example", apiKey: "k" }, 'endpoint: must be a URL such as "https://headscale.example.org"'],
    [{ endpoint: later, apiKey: secret("k") }, ""],
    [{ world: "/w.json", version: "0.1.0" }, ""],
  ])("checkConfig of %j", async (news, expected) => {
    const answer = await ask<proto.CheckResponse>((reply) =>
      client.checkConfig(new proto.CheckRequest().setNews(struct(news)), reply),
    );
    expect(
      answer
        .getFailuresList()
        .map((failure) => `${failure.getProperty()}: ${failure.getReason()}`)
        .join(),
    ).toBe(expected);
  });
});
