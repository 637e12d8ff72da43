import { parseDocument } from "yaml";
import { z } from "zod";
import type { Estate, Vm } from "../estate";
import { vmsOf } from "../estate";
import { oneOf, type Problem, quote } from "../problems";
import { cloudImages } from "../schema/machines";

/** What only a machine of a certain role has a use for, and what it must fit. */
export function checkRoles(estate: Estate): Problem[] {
  return vmsOf(estate).flatMap(([name, vm]) => [
    ...imageProblems(`machines.${name}`, vm),
    ...editorProblems(`machines.${name}`, vm),
    ...composeProblems(`machines.${name}`, vm),
  ]);
}

/** A gateway installs itself; what is set up by cloud-init needs an image with it. Nodes of clusters: stacks/checks/clusters.ts. */
function imageProblems(path: string, { role, image }: Vm): Problem[] {
  if (role === "talos-control-plane" || role === "talos-worker") return [];
  const fitting: readonly string[] = role === "gateway" ? ["opnsense"] : cloudImages;
  if (fitting.includes(image)) return [];
  return [
    {
      path: `${path}.image`,
      problem: `${quote(image)} is no image for the role ${quote(role)}`,
      allowed: oneOf(fitting),
      remedy: "name another image, or correct the role",
    },
  ];
}

function editorProblems(path: string, { role, editor, serves }: Vm): Problem[] {
  if (editor === undefined) return [];
  if (role !== "workstation") return [wrongRole(`${path}.editor`, role, "workstation")];
  if (serves[editor]?.protocol === "tcp") return [];
  return [
    {
      path: `${path}.editor`,
      problem: `${quote(editor)} is not a TCP port that this machine serves`,
      allowed: oneOf(Object.keys(serves).filter((service) => serves[service]?.protocol === "tcp")),
      remedy: `declare ${path}.serves.${editor}, or name the service that it is`,
      about: [`${path}.serves.${editor}`],
    },
  ];
}

const composeFile = z.looseObject({ services: z.record(z.string(), z.looseObject({})) });

function composeProblems(path: string, { role, compose }: Vm): Problem[] {
  if (compose === undefined) return [];
  if (role !== "docker-host") return [wrongRole(`${path}.compose`, role, "docker-host")];
  const document = parseDocument(compose);
  const content: unknown = document.errors.length > 0 ? undefined : document.toJS();
  if (composeFile.safeParse(content).success) return [];
  return [
    {
      path: `${path}.compose`,
      problem: `${quote(compose)} is no compose file`,
      allowed: "YAML with services: https://docs.docker.com/reference/compose-file/",
      remedy: "correct it",
    },
  ];
}

function wrongRole(path: string, role: string, right: string): Problem {
  return {
    path,
    problem: `a machine with role ${quote(role)} has no use for it`,
    allowed: `nothing here: only a machine with role "${right}" has it`,
    remedy: "remove it, or correct the role",
  };
}
