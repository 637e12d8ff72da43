import type { Subject } from "./model";
import type { PropertyMap } from "./values";

/**
 * What really happens beside the world's record, before a create, update or delete is noted there; what it returns becomes
 * part of the state.
 */
export type Reality = (operation: Change, subject: Subject) => Promise<PropertyMap>;

export type Change = "create" | "update" | "delete";

/** The embedded lab's: nothing exists. */
export const nothingReal: Reality = () => Promise.resolve({});
