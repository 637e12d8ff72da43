/**
 * The entry of a table, or undefined. Only the table's own entries count: `table[name]` would find
 * `Object.prototype.constructor` for an entry that somebody called "constructor".
 */
export function lookup<T>(table: Readonly<Record<string, T>>, name: string | undefined): T | undefined {
  return name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}
