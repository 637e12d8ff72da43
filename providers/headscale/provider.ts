import { z } from "zod";

import { World, withFaults } from "../../lab/world";
import { checkInputs } from "../common/inputs";
import type { Failure } from "../common/kind";
import type { Call, Connection, Plugin } from "../common/plugin";
import { hasUnknown, type Known, type Properties } from "../common/values";
import { WorldStore } from "../common/worldStore";

import type { HeadscaleApi } from "./backends/api";
import { HttpClient } from "./backends/http";
import { ServerBackend } from "./backends/server";
import { WorldBackend } from "./backends/world";
import { getNodes } from "./functions/getNodes";
import { apiKey } from "./resources/apiKey";
import { nodeTags } from "./resources/nodeTags";
import { policy } from "./resources/policy";
import { preAuthKey } from "./resources/preAuthKey";
import { routeApproval } from "./resources/routeApproval";
import { user } from "./resources/user";

const shape = {
  endpoint: z.url({ protocol: /^https?$/, error: 'must be a URL such as "https://headscale.example.org"' }).optional(),
  apiKey: z.string().min(1, { error: "must not be empty" }).optional(),
  world: z.string().min(1, { error: "must be the path of a world file" }).optional(),
  assumeVersion: z.string().optional(),
};
const schema = z.object(shape);

/** Headscale as code: users, keys, policy, tags, routes. Against a server, or against a simulated world. */
export const headscale: Plugin<HeadscaleApi> = {
  name: "headscale",
  version: "0.1.0",
  kinds: [user, preAuthKey, policy, nodeTags, routeApproval, apiKey],
  functions: [getNodes],
  checkConfig,
  connect,
};

function checkConfig(config: Properties): readonly Failure[] {
  const { failures } = checkInputs(shape, config);
  if (failures.length > 0) return failures;
  const given = (name: string): boolean => (config[name] ?? null) !== null;
  if (given("world")) {
    const both = ["endpoint", "apiKey"].filter(given);
    return both.map((property) => ({
      property,
      reason: "cannot be given together with world: a provider has one backend",
    }));
  }
  return ["endpoint", "apiKey"]
    .filter((property) => !given(property) && !hasUnknown(config[property] ?? null))
    .map((property) => ({
      property,
      reason: "missing; give endpoint and apiKey of a Headscale server, or the world of a lab",
    }));
}

function connect(config: Known): Connection<HeadscaleApi> {
  const { endpoint, apiKey: key, world, assumeVersion } = schema.parse(config);
  if (world !== undefined) {
    const simulated = new World(world);
    const around = <T>(call: Call, work: () => Promise<T>): Promise<T> => withFaults(simulated, call, work);
    return { backend: new WorldBackend(new WorldStore(simulated)), around };
  }
  if (endpoint === undefined || key === undefined)
    throw new Error("The headscale provider needs endpoint and apiKey, or world.");
  return { backend: new ServerBackend(new HttpClient(endpoint, key), assumeVersion), around: (_call, work) => work() };
}
