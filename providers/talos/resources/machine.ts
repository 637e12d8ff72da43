import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import type { Failure, Who } from "../../common/kind";
import type { Values } from "../../common/spec";
import { toKnown } from "../../common/values";
import type { MachineSpec, TalosApi, UpgradeReason } from "../backends/api";
import { installerOf } from "../backends/image";
import { clientConfiguration } from "../talosconfig";
import { minorOf, versionPairProblem, versionStepProblem } from "../versions";

import { halves } from "./recorded";

const version = z.string().regex(/^v?\d+\.\d+\.\d+([-+].*)?$/, {
  error: (issue) => `${JSON.stringify(issue.input)} is no version such as "1.34.3"`,
});
const inputs = {
  node: z.string().min(1, { error: "must be the address of the node" }),
  endpoint: z.string().min(1, { error: "must be an address" }).optional(),
  machineType: z.enum(["controlplane", "worker"], { error: 'must be "controlplane" or "worker"' }),
  clusterName: z.string().min(1, { error: "must be the name of the cluster" }),
  clusterEndpoint: z.url({ protocol: /^https$/, error: 'must be a URL such as "https://10.0.0.10:6443"' }),
  secrets: z.string(),
  clientConfiguration,
  kubernetesVersion: version,
  talosVersion: version,
  contract: z
    .string()
    .regex(/^\d+\.\d+$/, { error: 'must be a minor version such as "1.12"' })
    .optional(),
  patches: z.array(z.union([z.string(), z.record(z.string(), z.unknown())])).default([]),
  schematic: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: "must be a schematic's id: 64 hexadecimal digits" })
    .optional(),
  installImage: z.string().min(1, { error: "must be an image" }).optional(),
  controlPlane: z
    .object({ node: z.string(), endpoint: z.string().optional() }, { error: "must be a control plane's node" })
    .optional(),
  onDestroy: z.enum(["leave", "reset"], { error: 'must be "leave" or "reset"' }).default("leave"),
};
const computed = { image: z.string(), configHash: z.string(), appliedHash: z.string() };
type Inputs = Values<typeof inputs>;

/**
 * A node with its configuration. Changes are applied in place; another Talos version or installer is installed in place
 * before that. Another Kubernetes version is for the cluster to bring: a node that runs keeps the one it has until then. A node whose configuration is not the one that was applied is configured again by the next run: `configHash` is
 * what it has, `appliedHash` what it was given. The configuration format is the one the machine first had, unless
 * `contract` names the cluster's.
 */
export const machine = defineKind<TalosApi, typeof inputs, typeof computed>({
  token: "talos:index:Machine",
  inputs,
  computed,
  secrets: ["secrets", "clientConfiguration"],
  // Another address is another machine; one that changes cluster or role starts over.
  replaces: ["node", "clusterName", "machineType"],
  // What is deleted goes by its address, so it must be gone before another takes its place.
  deleteBeforeReplace: true,
  volatile: (changed) => (changed.has("onDestroy") && changed.size === 1 ? [] : ["image", "configHash", "appliedHash"]),
  settle: (news, olds) => ({
    ...(news.kubernetesVersion === undefined ? {} : { kubernetesVersion: bare(news.kubernetesVersion) }),
    ...(news.talosVersion === undefined ? {} : { talosVersion: bare(news.talosVersion) }),
    ...(news.contract === undefined && olds.contract !== undefined ? { contract: olds.contract } : {}),
    ...(news.contract === undefined && olds.contract === undefined && news.talosVersion !== undefined
      ? { contract: minorOf(news.talosVersion) }
      : {}),
  }),
  problems: versionProblems,
  repair: ({ configHash, appliedHash }) => (configHash === appliedHash ? [] : ["configHash"]),
  create: async (api, wanted, who) => ({ id: wanted.node, computed: await configure(api, wanted, true, who) }),
  read: async (api, id, before) => {
    const found = await api.recorded("Machine", id, toKnown({ ...before?.inputs }));
    if (found !== "not kept") return found === undefined ? undefined : halves(found, inputs, computed);
    const wanted = z.object(inputs).safeParse(before?.inputs);
    if (!wanted.success)
      throw new Error(
        `The machine ${id} cannot be read without the cluster's clientConfiguration, which an import does not have. ` +
          "Declare it and run up: applying the configuration it has changes nothing.",
      );
    const seen = await api.machine(specOf(wanted.data));
    const { installImage, ...rest } = seen.inputs;
    const otherImage = installImage !== undefined && installImage !== before?.computed.image ? { installImage } : {};
    return {
      inputs: { ...before?.inputs, ...rest, ...otherImage },
      computed: { ...before?.computed, configHash: seen.configHash },
    };
  },
  update: async (api, id, wanted, before, who) => {
    const reason = upgradeReason(wanted, before.inputs);
    if (reason !== undefined) await api.upgrade(specOf(wanted), reason, who);
    return configure(api, wanted, false, who, id);
  },
  delete: async (api, id, before, who) => {
    const known = z.object(inputs).safeParse(before.inputs);
    if (known.success && known.data.onDestroy === "reset") await api.reset(specOf(known.data), who);
    await api.erase("Machine", id);
  },
});

async function configure(
  api: TalosApi,
  wanted: Inputs,
  first: boolean,
  who: Who,
  id = wanted.node,
): Promise<Values<typeof computed>> {
  const { configHash, image } = await api.apply(specOf(wanted), first, who);
  const made = { image, configHash, appliedHash: configHash };
  await api.record("Machine", id, { ...wanted, ...made }, who);
  return made;
}

function upgradeReason(wanted: Inputs, before: Partial<Inputs>): UpgradeReason | undefined {
  if (before.talosVersion === undefined) return undefined;
  if (before.talosVersion !== wanted.talosVersion) return "version";
  const image = installerOf(wanted.talosVersion, wanted.schematic, wanted.installImage);
  return installerOf(before.talosVersion, before.schematic, before.installImage) === image ? undefined : "installer";
}

/** Pairs that do not go together, steps that are too long, and what would not go together between two versions. */
function versionProblems(
  { talosVersion: talos, kubernetesVersion: kubernetes }: Partial<Inputs>,
  before: Partial<Inputs>,
): Failure[] {
  const pair = talos === undefined || kubernetes === undefined ? undefined : versionPairProblem(talos, kubernetes);
  const found: [string, string | undefined][] = [
    ["kubernetesVersion", pair],
    ["talosVersion", stepProblem("Talos", before.talosVersion, talos)],
    ["kubernetesVersion", stepProblem("Kubernetes", before.kubernetesVersion, kubernetes)],
    ["talosVersion", pair === undefined ? betweenProblem(before, talos) : undefined],
  ];
  return found.flatMap(([property, reason]) => (reason === undefined ? [] : [{ property, reason }]));
}

function stepProblem(
  what: "Talos" | "Kubernetes",
  from: string | undefined,
  to: string | undefined,
): string | undefined {
  return from === undefined || to === undefined ? undefined : versionStepProblem(what, from, to);
}

function betweenProblem(
  { talosVersion, kubernetesVersion }: Partial<Inputs>,
  talos: string | undefined,
): string | undefined {
  if (talosVersion === undefined || kubernetesVersion === undefined || talos === undefined) return undefined;
  const problem = versionPairProblem(talos, kubernetesVersion);
  return problem === undefined || talos === talosVersion
    ? undefined
    : `Talos is upgraded before Kubernetes, and then ${problem}: bring the other Kubernetes up first, then this Talos`;
}

function specOf({
  endpoint,
  contract,
  schematic,
  installImage,
  controlPlane,
  onDestroy: _,
  ...rest
}: Inputs): MachineSpec {
  return {
    ...rest,
    endpoint: endpoint ?? rest.node,
    controlPlane:
      controlPlane === undefined
        ? undefined
        : { node: controlPlane.node, endpoint: controlPlane.endpoint ?? controlPlane.node },
    contract: contract ?? minorOf(rest.talosVersion) ?? "",
    image: installerOf(rest.talosVersion, schematic, installImage),
  };
}

function bare(text: string): string {
  return text.replace(/^v/, "");
}
