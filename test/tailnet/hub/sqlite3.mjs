// The part of the sqlite3 command that the hub's scripts use, for machines without it: node's own SQLite.
// usage: sqlite3 [-cmd COMMAND] DATABASE SQL-or-".backup 'FILE'"
import { backup, DatabaseSync } from "node:sqlite";

const [file, sql] = process.argv.slice(process.argv[2] === "-cmd" ? 4 : 2);
const database = new DatabaseSync(file);
const target = /^\.backup '(.*)'$/.exec(sql)?.[1];
if (target === undefined) {
  for (const row of database.prepare(sql).all()) console.log(Object.values(row).join("|"));
} else {
  await backup(database, target);
}
database.close();
