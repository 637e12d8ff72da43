import type { WorldData } from "../world";
import type { PropertyMap } from "./values";

/** Who asks for what: everything a model may build its answer on. Values are plain, secrets opened. */
export interface Subject {
  /** Type token of the resource. */
  type: string;
  urn: string;
  /** Name in the program. */
  name: string;
  /** As the program gave them, after check. */
  inputs: PropertyMap;
  /** Configuration of the provider. */
  config: PropertyMap;
  /** Seven hexadecimal digits for names that are made up, from the engine's random seed; only when it is checked. */
  seed: string;
  /** Salt of the world: same salt and subject, same answer. */
  salt: string;
}

/** A subject that has, or is about to get, its place in the world. */
export interface Placed extends Subject {
  /** Physical id. */
  id: string;
  /** State before, on an update. */
  before?: PropertyMap;
}

export interface Failure {
  /** Empty when it is about the resource as a whole. */
  property: string;
  reason: string;
}

/**
 * How one resource type behaves. Everything is optional: without a model a resource gets an id of its own and reports what
 * it was given.
 */
export interface Model {
  /** Properties (paths, `*` for any part) that the real provider cannot change in place. */
  replaceOn?: readonly string[] | ((subject: Subject) => readonly string[]);
  /** Outputs (paths) that the provider makes up, unknown while a create is previewed. Never inputs. */
  computed?: readonly string[];
  /** Inputs (paths) that the provider chooses when they are not given. */
  chosen?: readonly string[];
  /** Computed outputs (paths) that every update may change, unknown while one is previewed. */
  volatile?: readonly string[];
  /** Outputs that are secret whatever the inputs are. */
  secret?: readonly string[];
  /** What the provider sets where the program sets nothing. */
  defaults?: PropertyMap;
  /** Property that gets the resource's name and a random end when it is not given. */
  autoName?: string;
  /** Changes inputs before they are used. */
  check?(subject: Subject, before: PropertyMap): PropertyMap;
  /** What the provider refuses before anything is done. Unknown values are not to be judged. */
  refuse?(subject: Subject): Failure[];
  /** Physical id, when it follows from the inputs. @default one made up, different from every other in the world */
  id?(subject: Subject, world: WorldData): string;
  /** Form of an id that is made up, from 64 hexadecimal digits. @default the first 32 */
  form?(digits: string): string;
  /** Key in the world, when the id alone does not tell objects apart. @default the id */
  key?(id: string, subject: Subject): string;
  /** Creating what exists already takes it over, as an API that puts does. @default refused */
  upsert?: boolean;
  /** What is said when it exists already. */
  taken?(subject: Placed): string;
  /** Throws what the real API would answer in this world. */
  verify?(subject: Placed, world: WorldData): void;
  /** State beyond inputs and defaults; inputs are laid over it. */
  state?(subject: Placed): PropertyMap;
  /** Puts the rest of the world right after this type has been created, updated or deleted. */
  settle?(world: WorldData, subject: Placed): void;
  /** A replacement deletes first, as the provider asks for. */
  deleteBeforeReplace?(subject: Subject, before: PropertyMap): boolean;
}

/** What stands for one package. */
export interface PackageModels {
  /** By type token; a function when the package's types are too many to list. */
  resource(type: string): Model | undefined;
  /** Loads what the package needs and others don't; called before anything else. */
  prepare?(): Promise<void>;
  /** What a configuration is the provider of: another identity makes another provider and replaces all it holds. */
  identity?: (config: PropertyMap) => string;
  /** By token; throws what the real function would. */
  invokes: ReadonlyMap<string, (args: PropertyMap, subject: InvokeSubject) => PropertyMap>;
}

export interface InvokeSubject {
  config: PropertyMap;
  salt: string;
  world: WorldData;
}
