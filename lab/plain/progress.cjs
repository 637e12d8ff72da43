"use strict";
// Plain JavaScript, no dependencies: the bootstrap uses it before anything is installed. Types: progress.d.cts.

function elapsed(milliseconds) {
  const seconds = Math.round(milliseconds / 100) / 10;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

function progress(label, options = {}) {
  const { stream = process.stderr, everyMilliseconds = stream.isTTY ? 1_000 : 10_000 } = options;
  const start = Date.now();
  const since = () => elapsed(Date.now() - start);
  stream.write(stream.isTTY ? label : `${label}\n`);
  const timer = setInterval(() => {
    stream.write(stream.isTTY ? `\r\u001b[K${label} (${since()})` : `  still at it after ${since()}: ${label}\n`);
  }, everyMilliseconds);
  timer.unref();
  const finish = (text) => {
    clearInterval(timer);
    stream.write(`${stream.isTTY ? "\r\u001b[K" : ""}${text} (${since()})\n`);
  };
  return { done: (text = `${label}: done`) => finish(text), failed: (text = `${label}: failed`) => finish(text) };
}

module.exports = { elapsed, progress };
