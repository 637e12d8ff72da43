import { z } from "zod";

import { retry, type Patience } from "../../common/retry";

import type { Access, Nodes } from "./nodes";
import { isUnreachable, TalosctlError } from "./talosctl";

/** A member of etcd. */
export interface Member {
  /** Hexadecimal, as etcd prints it. */
  readonly id: string;
  /** Where its node is. */
  readonly address: string;
}

const machineStatus = z.object({
  spec: z.object({
    stage: z.string(),
    status: z.object({
      ready: z.boolean(),
      unmetConditions: z.array(z.object({ name: z.string(), reason: z.string() })).nullish(),
    }),
  }),
});

type MachineStatus = z.output<typeof machineStatus>["spec"];

/** The members in the table that `talosctl etcd members` prints. */
function readMembers(table: string): Member[] {
  const [header = [], ...rows] = readTable(table);
  const [id, urls] = [header.indexOf("ID"), header.indexOf("PEER URLS")];
  return rows.flatMap((row) => {
    const address = /^https?:\/\/(?:\[(.+)\]|([^:/]+)):\d+/.exec(row[urls] ?? "");
    const host = address?.[1] ?? address?.[2];
    return host === undefined ? [] : [{ id: row[id] ?? "", address: host }];
  });
}

/**
 * Why a member is not healthy by what `talosctl etcd status` prints of it; undefined when it is. Among the errors are the
 * alarms of etcd, and that it has no leader: https://etcd.io/docs/v3.6/dev-guide/api_reference_v3/ (StatusResponse)
 */
function memberProblem(table: string): string | undefined {
  const [header = [], row] = readTable(table);
  if (row === undefined) return "it says nothing";
  // The last column is empty when all is well, and so is not in the row.
  const errors = row[header.indexOf("ERRORS")];
  if (errors !== undefined) return errors;
  if (/^0*$/.test(row[header.indexOf("LEADER")] ?? "")) return "it knows no leader";
  return row[header.indexOf("LEARNER")] === "true" ? "it is still learning" : undefined;
}

/** Why a node is not ready by its MachineStatus, which counts its services, static pods and Kubernetes node; undefined when it is. */
function readinessProblem({ stage, status }: MachineStatus): string | undefined {
  if (status.ready && stage === "running") return undefined;
  const unmet = (status.unmetConditions ?? []).map(({ name, reason }) => `${name}: ${reason}`).join("; ");
  return `it is ${stage}, not ready${unmet === "" ? "" : ` (${unmet})`}`;
}

/** Cells are apart by three spaces or more. */
function readTable(text: string): string[][] {
  return text
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.trim().split(/\s{2,}/));
}

/** Somebody is not healthy, in words a person can act on. */
export class UnhealthyError extends Error {
  override readonly name = "UnhealthyError";
}

/** What has to be well before something is taken away from a cluster, and after something was given back to it. */
export class Health {
  constructor(
    private readonly nodes: Nodes,
    private readonly patience: Patience,
  ) {}

  async members(at: Access): Promise<Member[]> {
    const found = readMembers(await this.nodes.run(at, `asking ${at.node} for etcd's members`, ["etcd", "members"]));
    if (found.length === 0) throw new UnhealthyError(`${at.node} names no member of etcd`);
    return found;
  }

  /** Waits until the node says that it is ready, within the patience. */
  async untilReady(at: Access, doing: string): Promise<void> {
    await this.untilWell(doing, () => this.readiness(at));
  }

  /** Waits until nothing is under way on the node, whether it is ready or not. */
  async untilRunning(at: Access, doing: string): Promise<void> {
    await this.untilWell(doing, async () => {
      const { stage } = await this.statusOf(at);
      return stage === "running" ? [] : [`${at.node}: it is ${stage}`];
    });
  }

  /** Waits until every member of etcd and every control plane is well, within the patience; returns the members. */
  async untilControlPlaneWell(at: Access, doing: string): Promise<Member[]> {
    let members: Member[] = [];
    await this.untilWell(doing, async () => {
      members = await this.members(at);
      const problems = await Promise.all(members.map((member) => this.memberTrouble(at, member)));
      return problems.flat();
    });
    return members;
  }

  private async memberTrouble(at: Access, { id, address }: Member): Promise<string[]> {
    const place = { ...at, node: address };
    const status = await this.nodes.run(place, `asking ${address} for its etcd`, ["etcd", "status"]);
    const problem = memberProblem(status);
    const etcd = problem === undefined ? [] : [`etcd member ${id} on ${address}: ${problem}`];
    return [...etcd, ...(await this.readiness(place))];
  }

  private async readiness(at: Access): Promise<string[]> {
    const problem = readinessProblem(await this.statusOf(at));
    return problem === undefined ? [] : [`${at.node}: ${problem}`];
  }

  private async statusOf(at: Access): Promise<MachineStatus> {
    const ask = ["get", "machinestatus", "machine", "--output", "json"];
    const json = await this.nodes.run(at, `asking ${at.node} whether it is ready`, ask);
    return machineStatus.parse(JSON.parse(json)).spec;
  }

  private async untilWell(doing: string, look: () => Promise<string[]>): Promise<void> {
    const once = async (): Promise<void> => {
      const problems = await look();
      if (problems.length > 0) throw new UnhealthyError(`${doing}: not all is well:\n  ${problems.join("\n  ")}`);
    };
    await retry(this.patience, isPassing, once);
  }
}

/** Whether it may be over in a moment: somebody boots, or his etcd has not caught up. */
function isPassing(error: unknown): boolean {
  if (error instanceof UnhealthyError) return true;
  return (
    error instanceof TalosctlError &&
    (isUnreachable(error.said) || /etcd client|not running|NotFound/i.test(error.said))
  );
}
