import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type LabFolder, readPlaces } from "../../lab/launch";
import { authorityFiles } from "../../lab/machines";
import { progress } from "../../lab/plain/progress.cjs";
import { loadStack } from "../../stacks";
import { type Estate, vmsOf } from "../../stacks/estate";
import { type Problem, SpecError } from "../../stacks/problems";
import type { Context } from "./context";
import { CommandError } from "./exit";
import { commonAuthorities, type Guest, guestsOf, isFree, type ProxmoxApi, ProxmoxError } from "./proxmoxApi";
import { askEngine, type Session } from "./session";

/** A VM of the spec that the state does not have, so that `up` would make it. */
export interface NewVm {
  readonly name: string;
  readonly vmId: number;
  readonly host: string;
  /** Whether an earlier run was broken off while it was made: the state has no VM, but Proxmox may. */
  readonly begun: boolean;
}

/** A VM that would be made under an id that something has already. */
export interface TakenVm {
  readonly vm: NewVm;
  /** What has the id; undefined when the token may not see it. */
  readonly by: Guest | undefined;
}

const vmType = "proxmoxve:index/vmLegacy:VmLegacy";

const resourceSchema = z.object({ type: z.string(), inputs: z.unknown().optional() });
const vmSchema = z.object({ vmId: z.number(), name: z.string() });
const exportSchema = z.object({
  deployment: z
    .object({
      resources: z.array(resourceSchema).default([]),
      pending_operations: z.array(z.object({ type: z.string(), resource: resourceSchema })).default([]),
    })
    .nullish(),
});

/**
 * The VMs that `up` would make. One that the state has under another name or another id is among them: its predecessor is there
 * until the end of the run, and would be taken over like any other VM.
 *
 * @param exported what `pulumi stack export` prints
 */
export function newVms(estate: Pick<Estate, "machines">, exported: string): NewVm[] {
  const { deployment } = exportSchema.parse(JSON.parse(exported));
  const made = keysOf(deployment?.resources ?? []);
  const begun = keysOf(
    (deployment?.pending_operations ?? []).filter(({ type }) => type === "creating").map(({ resource }) => resource),
  );
  return vmsOf(estate).flatMap(([name, { vmId, host }]) => {
    const key = keyOf({ name, vmId });
    return made.has(key) ? [] : [{ name, vmId, host, begun: begun.has(key) }];
  });
}

function keysOf(resources: readonly z.infer<typeof resourceSchema>[]): Set<string> {
  return new Set(resources.filter(({ type }) => type === vmType).map(({ inputs }) => keyOf(vmSchema.parse(inputs))));
}

function keyOf({ vmId, name }: z.infer<typeof vmSchema>): string {
  return `${String(vmId)} ${name}`;
}

/**
 * Asks Proxmox for each id whether something has it.
 *
 * @throws ProxmoxError when it does not say
 */
export async function findTaken(vms: readonly NewVm[], api: ProxmoxApi): Promise<TakenVm[]> {
  const taken: NewVm[] = [];
  for (const vm of vms) if (!(await isFree(api, vm.vmId))) taken.push(vm);
  if (taken.length === 0) return [];
  const guests = await guestsOf(api);
  return taken.map((vm) => ({ vm, by: guests.get(vm.vmId) }));
}

/** Whether what has the id is the VM that an earlier run began to make. The provider goes on with it. */
export function isOurs({ vm, by }: TakenVm): boolean {
  return vm.begun && looksLike(vm, by);
}

function looksLike({ name, host }: NewVm, by: Guest | undefined): boolean {
  return by?.type === "VM" && by.name === name && by.node === host;
}

/** What `up` refuses, in the words of the spec. */
export function takenProblem({ vm, by }: TakenVm): Problem {
  const { name, vmId } = vm;
  return {
    path: `machines.${name}.vmId`,
    problem: `${String(vmId)} is already the id of ${describe(by)}, which the stack's state does not have as this machine`,
    allowed: "an id that nothing in Proxmox has",
    remedy: remedyFor({ vm, by }),
  };
}

function describe(guest: Guest | undefined): string {
  if (guest === undefined) return "something that the API token may not see";
  const { type, name, node } = guest;
  return `${type} ${name === "" ? "without a name" : `"${name}"`} on ${node}`;
}

function remedyFor({ vm, by }: TakenVm): string {
  const { vmId, host, begun } = vm;
  if (looksLike(vm, by))
    return `when it is what an earlier run left: qm destroy ${String(vmId)} on ${host}, or pulumi import (docs/hosts.md)`;
  if (begun)
    return "when it is what a broken-off run began: wait for its task in Proxmox, then again; otherwise give the machine another id";
  return "give the machine another id";
}

/**
 * Refuses to make a VM under an id that something in Proxmox has: the provider would take it over, grow its disk and start it.
 * Asks nobody when the state has all VMs already, and in the embedded lab, which has no Proxmox.
 *
 * @throws SpecError that lists every taken id
 * @throws CommandError when the engine or Proxmox does not answer
 */
export async function requireFreeIds(context: Context, session: Session): Promise<void> {
  const estate = loadStack(context.stack);
  if (context.world === "embedded" || vmsOf(estate).length === 0) return;
  const vms = newVms(estate, await stateOf(context, session));
  if (vms.length === 0) return;
  const label = "Asking Proxmox whether the ids of new VMs are free";
  const taken = await shownWhenSlow(label, async () => findTaken(vms, await apiOf(context, session, estate))).catch(
    (error: unknown) => {
      if (!(error instanceof ProxmoxError)) throw error;
      throw new CommandError(`Whether the ids of new VMs are free in Proxmox is not known: ${error.message}`);
    },
  );
  for (const { vm } of taken.filter(isOurs))
    context.say(
      `VM ${String(vm.vmId)} (${vm.name}) was being made when an earlier run was broken off; this one goes on with it`,
    );
  const problems = taken.filter((one) => !isOurs(one)).map(takenProblem);
  if (problems.length > 0) throw new SpecError(`The spec of stack "${context.stack}"`, problems);
}

/** The API as the provider is told to use it (components/estate/providers.ts). */
async function apiOf(context: Context, session: Session, { hosts }: Estate): Promise<ProxmoxApi> {
  // As a whole and not by its path: that is not found in a table that is encrypted as a whole.
  const token = tokenIn(await askEngine(context, session, ["config", "get", "secrets"]));
  if (token === undefined)
    throw new CommandError(
      `The engine did not give out the secret "proxmoxApiToken" of stack ${context.stack}. Is it set, and is the passphrase right?`,
    );
  if (session.lab !== undefined) return { ...labApi(session.lab), token };
  const [first] = Object.values(hosts);
  if (first === undefined) throw new Error("VMs without a host were not found by the loader");
  return { endpoint: `https://${first.address}:8006/`, token, authorities: commonAuthorities() };
}

function labApi(lab: LabFolder): Omit<ProxmoxApi, "token"> {
  const place = readPlaces(lab)?.proxmox;
  // Never the spec's address instead: that is a real host.
  if (place === undefined) throw new Error(`the lab of stack ${lab.stack} has no place for its hosts`);
  const { certificate } = authorityFiles(join(lab.machines, "authority"));
  return { endpoint: place.endpoint, authorities: readFileSync(certificate, "utf8") };
}

function tokenIn(secrets = ""): string | undefined {
  try {
    return z.object({ proxmoxApiToken: z.string() }).safeParse(JSON.parse(secrets)).data?.proxmoxApiToken;
  } catch {
    // The error would quote the secrets.
    return undefined;
  }
}

async function stateOf(context: Context, session: Session): Promise<string> {
  const exported = await askEngine(context, session, ["stack", "export"]);
  if (exported !== undefined) return exported;
  throw new CommandError(
    `The engine did not say which VMs the stack's state has. It says why: pulumi stack export --stack ${context.stack}`,
  );
}

/** Milliseconds after which a person wants to know what is being waited for. */
const slow = 2_000;

async function shownWhenSlow<T>(label: string, work: () => Promise<T>): Promise<T> {
  let end = (): void => undefined;
  const timer = setTimeout(() => {
    const shown = progress(label);
    end = () => {
      shown.done();
    };
  }, slow);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    end();
  }
}
