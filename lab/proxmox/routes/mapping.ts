import { demand, may } from "../access";
import { listed, must, one, type Request, type Route, without } from "../api";
import { boolean, list, matching, text } from "../parameters";
import { badParameters, died } from "../refusal";
import type { State } from "../state";

const configId = matching(/^[a-z][a-z0-9_-]+$/i);
const mapping = { description: text, digest: text, "live-migration-capable": boolean, mdev: boolean };

/** Resource mappings of PCI devices. */
export const mappingRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/cluster/mapping/pci",
    parameters: { optional: { "check-node": text } },
    handle: (request) =>
      Object.entries(request.store.read().mappings)
        .filter(([id]) => may(request.caller, `/mapping/pci/${id}`, ["Mapping.Use", "Mapping.Modify", "Mapping.Audit"]))
        .map(([id, entry]) => ({ id, type: "pci", ...entry, checks: [] })),
  },
  {
    method: "POST",
    path: "/cluster/mapping/pci",
    parameters: { required: { id: configId, map: list }, optional: mapping },
    handle: (request) => {
      demand(request.caller, "/mapping/pci", "Mapping.Modify");
      const id = must(request, "id");
      request.store.update((state) => {
        if (state.mappings[id] !== undefined)
          throw died(`create hardware mapping failed: pci ID '${id}' already defined`);
        state.mappings[id] = mappingFrom(request, state);
      });
      return null;
    },
  },
  {
    method: "GET",
    path: "/cluster/mapping/pci/{id}",
    handle: (request) => {
      const id = must(request, "id");
      demand(request.caller, `/mapping/pci/${id}`, "Mapping.Use", "Mapping.Modify", "Mapping.Audit");
      const found = request.store.read().mappings[id];
      if (found === undefined) throw died(`mapping '${id}' not found`);
      return { id, type: "pci", ...found };
    },
  },
  {
    method: "PUT",
    path: "/cluster/mapping/pci/{id}",
    parameters: { optional: { ...mapping, delete: text, map: list } },
    handle: changeMapping,
  },
  {
    method: "DELETE",
    path: "/cluster/mapping/pci/{id}",
    handle: (request) => {
      demand(request.caller, "/mapping/pci", "Mapping.Modify");
      request.store.update((state) => {
        state.mappings = without(state.mappings, [must(request, "id")]);
      });
      return null;
    },
  },
];

function mappingFrom(request: Request, state: State): State["mappings"][string] {
  const [description, mdev] = [one(request, "description"), one(request, "mdev")];
  const map = request.given.get("map") ?? [];
  for (const entry of map) {
    const fields = new Map(listed(entry).map((pair) => [pair.split("=")[0], pair.split("=")[1]] as const));
    const missing = ["node", "path", "id"].find((field) => fields.get(field) === undefined);
    if (missing !== undefined)
      throw badParameters({
        map: `invalid format - format error\n${missing}: property is missing and it is not optional`,
      });
    if (state.nodes[fields.get("node") ?? ""] === undefined)
      throw badParameters({ map: `node '${fields.get("node") ?? ""}' does not exist` });
  }
  return {
    ...(description === undefined ? {} : { description }),
    ...(mdev === undefined ? {} : { mdev }),
    map: [...map],
  };
}

function changeMapping(request: Request): null {
  const id = must(request, "id");
  demand(request.caller, `/mapping/pci/${id}`, "Mapping.Modify");
  request.store.update((state) => {
    const found = state.mappings[id];
    if (found === undefined) throw died(`update hardware mapping failed: pci ID '${id}' does not exist`);
    const { map, description = found.description, mdev = found.mdev } = mappingFrom(request, state);
    const gone = listed(one(request, "delete"));
    state.mappings[id] = {
      ...(description === undefined || gone.includes("description") ? {} : { description }),
      ...(mdev === undefined || gone.includes("mdev") ? {} : { mdev }),
      map: request.given.has("map") ? map : found.map,
    };
  });
  return null;
}
