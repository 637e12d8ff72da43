import type { Placed, Subject } from "./model";
import type { PropertyMap } from "./values";

/** What really happens beside the world's record. */
export interface Reality {
  /** Done before a create, update or delete is noted; what it returns becomes part of the state. */
  before(operation: Change, subject: Subject): Promise<PropertyMap>;
  /** Done after it was noted. */
  after(operation: Change, subject: Placed): Promise<void>;
}

export type Change = "create" | "update" | "delete";

/** The embedded lab's: nothing exists. */
export const nothingReal: Reality = {
  before: () => Promise.resolve({}),
  after: () => Promise.resolve(),
};
