import { existsSync } from "node:fs";
import { World } from "../../lab/world";

/** Every object of a world file, as `type id`. A world that was never written is empty. */
export function objectsLeft(file: string): string[] {
  if (!existsSync(file)) return [];
  return Object.entries(new World(file).read().resources).flatMap(([type, objects]) =>
    Object.keys(objects).map((id) => `${type} ${id}`),
  );
}
