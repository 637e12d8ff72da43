"use strict";
// Plain JavaScript, no dependencies: the bootstrap uses it before anything is installed. Types: pid-lock.d.cts.
const fs = require("node:fs");
const path = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");

/** Start time of a process where the system tells it (Linux), so that a reused pid is not taken for the holder. */
function startTime(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 22 of proc_pid_stat(5); field 2 is in brackets and may hold anything, so count from behind it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function isAlive({ pid, started }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== "EPERM") return false;
  }
  return started === "" || startTime(pid) === started;
}

function readHolder(file) {
  try {
    const holder = JSON.parse(fs.readFileSync(file, "utf8"));
    return Number.isInteger(holder?.pid) ? holder : { pid: -1, started: "", purpose: "an unreadable lock" };
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    return { pid: -1, started: "", purpose: "an unreadable lock" };
  }
}

/** Takes the lock if nobody has it: written aside and linked, so that it never exists without its content. */
function tryTake(file, holder) {
  const draft = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  fs.writeFileSync(draft, JSON.stringify(holder));
  try {
    fs.linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** Removes a dead holder's lock; when another process was faster, its new lock is put back. */
function clearDead(file) {
  const aside = `${file}.dead.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  const taken = readHolder(aside);
  if (taken !== undefined && taken.pid > 0 && isAlive(taken)) {
    try {
      fs.linkSync(aside, file);
    } catch {
      // A third process holds it by now; the one put aside sees that when it releases.
    }
  }
  fs.rmSync(aside, { force: true });
}

async function withPidLock(file, purpose, work, options = {}) {
  const { onWait = () => {}, pollMilliseconds = 200 } = options;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const mine = { pid: process.pid, started: startTime(process.pid), purpose };
  let told = "";
  while (!tryTake(file, mine)) {
    const holder = readHolder(file);
    if (holder === undefined) continue;
    if (holder.pid <= 0 || !isAlive(holder)) {
      clearDead(file);
      continue;
    }
    if (told !== String(holder.pid)) onWait({ pid: holder.pid, purpose: holder.purpose });
    told = String(holder.pid);
    await sleep(pollMilliseconds);
  }
  try {
    return await work();
  } finally {
    const holder = readHolder(file);
    if (holder?.pid === mine.pid && holder.started === mine.started) fs.rmSync(file, { force: true });
  }
}

module.exports = { withPidLock };
