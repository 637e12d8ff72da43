import type { Change } from "./diff";
import type { Failure } from "./model";
import type { PropertyMap } from "./values";

/** What the engine asks of a resource, free of the wire format. */
export interface Ask {
  urn: string;
  type: string;
  name: string;
}

export interface CheckAsk extends Ask {
  before: PropertyMap;
  inputs: PropertyMap;
  seed: string;
}

export interface DiffAsk extends Ask {
  id: string;
  state: PropertyMap;
  before: PropertyMap;
  inputs: PropertyMap;
  ignored: readonly string[];
}

export interface CreateAsk extends Ask {
  inputs: PropertyMap;
  preview: boolean;
}

export interface ReadAsk extends Ask {
  id: string;
  /** Empty on import. */
  state: PropertyMap;
  inputs: PropertyMap;
}

export interface UpdateAsk extends Ask {
  id: string;
  state: PropertyMap;
  inputs: PropertyMap;
  preview: boolean;
}

export interface DeleteAsk extends Ask {
  id: string;
  inputs: PropertyMap;
}

export interface Checked {
  inputs: PropertyMap;
  failures: Failure[];
}

export interface Difference {
  changes: Change[];
  deleteBeforeReplace: boolean;
}

export interface Created {
  /** Empty in a preview. */
  id: string;
  state: PropertyMap;
}

/** What there is; undefined when it is gone. */
export type Found = { id: string; state: PropertyMap; inputs: PropertyMap } | undefined;
