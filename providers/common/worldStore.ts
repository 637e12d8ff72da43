import {
  getObject,
  isSecretMarker,
  objectsOf,
  putObject,
  removeObject,
  secretMarker,
  World,
  type WorldData,
} from "../../lab/world";

import { toKnown, type Json, type Known } from "./values";

/** Objects of a simulated world, their secret properties kept as markers only. */
export class WorldStore {
  constructor(readonly world: World) {}

  /** The world's salt, from which everything it makes up is derived. */
  salt(): string {
    return this.world.read().salt;
  }

  get(type: string, id: string): Known | undefined {
    return getObject(this.world.read(), type, id);
  }

  all(type: string): [string, Known][] {
    return Object.entries(objectsOf(this.world.read(), type));
  }

  async put(type: string, id: string, values: object, secrets: ReadonlySet<string> = new Set()): Promise<void> {
    await this.world.update((data) => {
      putObject(data, type, id, concealed(data, values, secrets));
    });
  }

  /** Adds an object under the next free number, as a database would, unless `refuse` has a reason against it. */
  async add(
    type: string,
    values: object,
    secrets: ReadonlySet<string>,
    refuse: (others: readonly Known[]) => string | undefined = () => undefined,
  ): Promise<string> {
    return this.world.update((data) => {
      const others = objectsOf(data, type);
      const reason = refuse(Object.values(others));
      if (reason !== undefined) throw new Error(reason);
      const id = String(Math.max(0, ...Object.keys(others).map(Number).filter(Number.isInteger)) + 1);
      putObject(data, type, id, concealed(data, values, secrets));
      return id;
    });
  }

  async remove(type: string, id: string): Promise<void> {
    await this.world.update((data) => {
      removeObject(data, type, id);
    });
  }

  /**
   * An object with its secrets as `before` has them, where the world still has the same; a marker where it has another one,
   * so that the change is seen and the value is not.
   */
  reveal(object: Known, before: Known): Known {
    const salt = this.salt();
    const secret = (key: string, value: Json): Json => {
      const old = before[key];
      return isSecretMarker(value) && old !== undefined && secretMarker(salt, old) === value ? old : value;
    };
    return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, secret(key, value)]));
  }
}

function concealed(data: WorldData, values: object, secrets: ReadonlySet<string>): Known {
  const entries = Object.entries(toKnown(values));
  return Object.fromEntries(
    entries.map(([key, value]) => [key, secrets.has(key) ? secretMarker(data.salt, value) : value]),
  );
}
