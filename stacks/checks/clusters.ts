import { type Estate, nodeNames, talosClustersOf } from "../estate";
import { lookup } from "../lookup";
import { type Problem, quote } from "../problems";
import { checkExistingClusters } from "./existingClusters";
import { checkVersions } from "./versions";

/**
 * Clusters have an odd number of control planes and versions that go together, on Talos VMs with the matching role, each in one
 * cluster and no more; of clusters that exist is said what is needed; runners run on Docker hosts.
 */
export function checkClusters(estate: Estate): Problem[] {
  return [
    ...evenControlPlanes(estate),
    ...checkVersions(estate),
    ...members(estate),
    ...strays(estate),
    ...checkExistingClusters(estate),
    ...runnerHosts(estate),
  ];
}

function evenControlPlanes(estate: Estate): Problem[] {
  return talosClustersOf(estate)
    .filter(([, { controlPlanes }]) => controlPlanes.length % 2 === 0)
    .map(([name, { controlPlanes }]) => ({
      path: `clusters.${name}.controlPlanes`,
      problem: `${controlPlanes.length} control planes: etcd tolerates no more failures with an even number than with one less`,
      allowed: "an odd number: 1, 3 or 5",
      remedy: "add or remove one",
    }));
}

function members(estate: Estate): Problem[] {
  const seen = new Map<string, string>();
  return talosClustersOf(estate).flatMap(([name, cluster]) =>
    (["controlPlanes", "workers"] as const).flatMap((list) =>
      cluster[list].flatMap((member, index) => {
        const path = `clusters.${name}.${list}.${index}`;
        const first = seen.get(member);
        seen.set(member, path);
        if (first !== undefined) return [memberTwice(path, member, first)];
        return wrongMember(estate, path, member, list === "workers" ? "talos-worker" : "talos-control-plane");
      }),
    ),
  );
}

function memberTwice(path: string, member: string, first: string): Problem {
  return {
    path,
    problem: `${quote(member)} is already ${first}`,
    allowed: "a machine that is in no cluster yet",
    remedy: "remove one of the two",
  };
}

function wrongMember(estate: Estate, path: string, member: string, role: string): Problem[] {
  const machine = lookup(estate.machines, member);
  if (machine === undefined || (machine.kind === "vm" && machine.image === "talos" && machine.role === role)) return [];
  const found =
    machine.kind === "vm" ? `has image ${quote(machine.image)} and role ${quote(machine.role)}` : "is not a VM";
  return [
    {
      path,
      problem: `machines.${member} ${found}`,
      allowed: `a VM with image "talos" and role ${quote(role)}`,
      remedy: "name another machine, or change this one",
      about: [`machines.${member}.image`],
    },
  ];
}

/** A VM that boots Talos without a cluster would wait for a configuration for ever, in a version that nobody says. */
function strays({ machines, clusters }: Estate): Problem[] {
  const nodes = Object.values(clusters).flatMap(nodeNames);
  return Object.entries(machines)
    .filter(([name, { role }]) => /^talos-/.test(role) && !nodes.includes(name))
    .map(([name, { role }]) => ({
      path: `machines.${name}.role`,
      problem: `${quote(role)}, but no cluster names ${name}`,
      allowed: "a node that one cluster names",
      remedy: `name it in ${role === "talos-worker" ? "workers" : "controlPlanes"} of a cluster, or remove it`,
      about: ["clusters"],
    }));
}

function runnerHosts(estate: Estate): Problem[] {
  return Object.entries(estate.repositories).flatMap(([name, { runners }]) => {
    const machine = lookup(estate.machines, runners?.ephemeral.on);
    if (runners === undefined || machine === undefined || machine.role === "docker-host") return [];
    return [
      {
        path: `repositories.${name}.runners.ephemeral.on`,
        problem: `machines.${runners.ephemeral.on} has the role ${quote(machine.role)}`,
        allowed: 'a VM with role "docker-host"',
        remedy: "name a Docker host",
      },
    ];
  });
}
