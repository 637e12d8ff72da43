import { imageOf } from "../../../components/estate/estate.plan";
import { Fleet } from "../../../components/estate/fleet";
import { planVirtualMachine } from "../../../components/machines/virtualMachine/virtualMachine.plan";
import { groupOf } from "../../../lab/proxmox/cluster";
import { type Properties, toKnown, type Value } from "../../../providers/common/values";
import { loadStack } from "../../../stacks";
import { requiredSecrets } from "../../../stacks/dials";
import { entry, vmsOf } from "../../../stacks/estate";
import { record } from "../../support/record";

/** A resource of the Proxmox provider as a stack's program declares it. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  /** Ids of other resources in it stand as NAME-id. */
  readonly inputs: Properties;
  readonly ignoreChanges: readonly string[];
}

/** Everything that a stack declares at its Proxmox hosts, what others need before them. */
export async function declaredBy(stack: string): Promise<Declared[]> {
  const spec = loadStack(stack);
  const secrets = Object.fromEntries(requiredSecrets(spec).map((name) => [name, `value of ${name}`]));
  const args = { spec, secrets, sshPublicKey: "ssh-ed25519 AAAA", protection: true, world: "/nowhere/world.json" };
  const { registrations } = await record(() => new Fleet(`${spec.org}-fleet`, args), { outputs });
  // The mocks see no resource options; the plan has those of a VM.
  const vms = new Map(
    vmsOf(spec).map(([name, vm]) => {
      const { contentType } = imageOf(spec, name, vm);
      return [`${name}-vm`, planVirtualMachine(vm, entry(spec.networks, vm.network), contentType)];
    }),
  );
  return registrations
    .filter(({ type }) => type.startsWith("proxmoxve:"))
    .map(({ type, name, inputs }) => ({
      ...{ type, name, inputs: toKnown(inputs) },
      ignoreChanges: vms.get(name)?.ignoreChanges ?? [],
    }));
}

/** What the commands and keys around the hosts would answer. */
function outputs(type: string, name: string, inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (type === "headscale:index:PreAuthKey") return { key: `key of ${name}` };
  if (type !== "command:remote:Command") return {};
  const [, slots = ""] = /--slots (\S+)/.exec(String(inputs["create"])) ?? [];
  const cards = slots.split(",").map((slot) => `passthrough: card ${slot} iommugroup=${groupOf(slot)}`);
  return { stdout: ["passthrough: prepared, nothing to change", ...cards].join("\n"), stderr: "" };
}

/** Inputs with the ids that resources got. */
export function withIds(inputs: Properties, ids: ReadonlyMap<string, string>): Properties {
  const filled = Object.entries(inputs).map(([key, value]): [string, Value] => [key, fill(value, ids)]);
  return Object.fromEntries(filled);
}

function fill(value: Value, ids: ReadonlyMap<string, string>): Value {
  if (typeof value === "string") return ids.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => fill(item, ids));
  return typeof value === "object" && value !== null ? withIds(value, ids) : value;
}
