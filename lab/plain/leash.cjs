"use strict";
// Preloaded (node --require) into the Node processes of the lab: ends them when the process that started them is gone.
// A kill -9 of the engine or of the language host gives these no chance to end their children themselves.
// ESTATE_LEASH is the starter's pid, for the case that it is gone before this line runs.
const starter = Number(process.env["ESTATE_LEASH"]) || process.ppid;
delete process.env["ESTATE_LEASH"];
setInterval(() => {
  if (process.ppid !== starter) process.exit(1);
}, 500).unref();
