import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import type { Who } from "../../common/kind";
import type { Values } from "../../common/spec";
import { toKnown } from "../../common/values";
import type { MachineSpec, TalosApi } from "../backends/api";
import { installerOf } from "../backends/image";
import { clientConfiguration } from "../talosconfig";
import { minorOf, versionPairProblem } from "../versions";

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
  onDestroy: z.enum(["leave", "reset"], { error: 'must be "leave" or "reset"' }).default("leave"),
};
const computed = { image: z.string(), configHash: z.string(), appliedHash: z.string() };
type Inputs = Values<typeof inputs>;

/**
 * A node with its configuration. Changes are applied in place; another Talos version or installer is installed in place
 * before that. A node whose configuration is not the one that was applied is configured again by the next run: `configHash` is
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
  problems: ({ talosVersion, kubernetesVersion }) => {
    if (talosVersion === undefined || kubernetesVersion === undefined) return [];
    const reason = versionPairProblem(talosVersion, kubernetesVersion);
    return reason === undefined ? [] : [{ property: "kubernetesVersion", reason }];
  },
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
    if (isUpgrade(wanted, before.inputs)) await api.upgrade(specOf(wanted), who);
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

function isUpgrade(wanted: Inputs, before: Partial<Inputs>): boolean {
  const image = installerOf(wanted.talosVersion, wanted.schematic, wanted.installImage);
  if (before.talosVersion === undefined) return false;
  return (
    before.talosVersion !== wanted.talosVersion ||
    installerOf(before.talosVersion, before.schematic, before.installImage) !== image
  );
}

function specOf({ endpoint, contract, schematic, installImage, onDestroy: _, ...rest }: Inputs): MachineSpec {
  return {
    ...rest,
    endpoint: endpoint ?? rest.node,
    contract: contract ?? minorOf(rest.talosVersion) ?? "",
    image: installerOf(rest.talosVersion, schematic, installImage),
  };
}

function bare(text: string): string {
  return text.replace(/^v/, "");
}
