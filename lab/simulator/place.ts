import { derive, getObject, objectsOf, removeObject, type WorldData } from "../world";
import type { Ask } from "./answers";
import type { Model, Placed } from "./model";

/**
 * The simulator's own note in every object: the URN it was created for. Names with a leading `$` are never reported to the
 * engine.
 */
export const origin = "$urn";
/** The physical id, noted where the world's key is another one. */
export const identity = "$id";

/**
 * Clears what an interrupted create left behind: made for this URN, while the engine, which has just said that it knows
 * nothing of it, never got the answer. It is then made anew in its place, under the same id unless the id follows from inputs
 * that have changed. That is what an API with upsert does by itself and a person does by `pulumi import` elsewhere; here it
 * keeps a killed run from leaving anything twice.
 */
export function clearInterrupted(data: WorldData, ask: Ask): void {
  for (const [key, object] of Object.entries(objectsOf(data, ask.type)))
    if (object[origin] === ask.urn) removeObject(data, ask.type, key);
}

/** An id of the model's form that no object of the type has. */
export function freshId(data: WorldData, model: Model, ask: Ask): string {
  for (let attempt = 0; ; attempt++) {
    const digits = derive(data.salt, "id", ask.urn, String(attempt));
    const id = model.form?.(digits) ?? digits.slice(0, 32);
    if (getObject(data, ask.type, id) === undefined) return id;
  }
}

export function keyOf(model: Model, placed: Placed): string {
  return model.key?.(placed.id, placed) ?? placed.id;
}
