import type { Estate, ExternalMachine } from "../estate";
import { hubOf } from "../estate";
import { oneOf, type Problem, quote } from "../problems";

/** What an external machine runs must be what it serves, in a way that its operating system has. */
export function checkBundles(estate: Estate): Problem[] {
  return Object.entries(estate.machines).flatMap(([name, machine]) =>
    machine.kind === "external"
      ? Object.keys(machine.runs).flatMap((service) => problemsOf(estate, name, machine, service))
      : [],
  );
}

function problemsOf(estate: Estate, name: string, machine: ExternalMachine, service: string): Problem[] {
  const path = `machines.${name}.runs.${service}`;
  const runs = machine.runs[service];
  if (runs === undefined) return [];
  if (machine.os === "openwrt" || name === hubOf(estate.tailnet)) {
    const why = machine.os === "openwrt" ? "a router with OpenWrt" : "the tailnet's hub, which gets no join bundle";
    return [
      {
        path,
        problem: `${quote(name)} is ${why}`,
        allowed: "no entry",
        remedy: "set the service up by hand, or run it on another machine",
      },
    ];
  }
  return [...serviceProblem(path, name, machine, service), ...commandProblems(path, machine, runs)];
}

function serviceProblem(path: string, name: string, { serves }: ExternalMachine, service: string): Problem[] {
  const served = serves[service];
  if (served?.protocol === "tcp") return [];
  const tcp = Object.keys(serves).filter((key) => serves[key]?.protocol === "tcp");
  return [
    {
      path,
      problem: `${quote(service)} is not a TCP port that ${name} serves`,
      allowed: oneOf(tcp),
      remedy: `declare machines.${name}.serves.${service}, or name the service that it is`,
      about: [`machines.${name}.serves.${service}`],
    },
  ];
}

function commandProblems(path: string, { os }: ExternalMachine, runs: ExternalMachine["runs"][string]): Problem[] {
  if (runs.kind !== "command") return [];
  const windows = os === "windows";
  const whole = windows ? /^[A-Za-z]:\\/ : /^\/[^\\]*$/;
  const example = windows ? "C:\\ingest\\ingest.exe" : "/opt/ingest/bin/ingest";
  const [program = ""] = runs.command;
  const places: [string, string][] = [
    [`${path}.command.0`, program],
    [`${path}.directory`, runs.directory],
  ];
  return places
    .filter(([, value]) => !whole.test(value))
    .map(([place, value]) => ({
      path: place,
      problem: `${quote(value)} is no whole path on ${os}`,
      allowed: `a path such as ${example}`,
      remedy: "write it from the root",
    }));
}
