import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import { idOf } from "../../common/identity";
import { toKnown } from "../../common/values";
import type { TalosApi } from "../backends/api";
import { clientConfiguration } from "../talosconfig";
import { minorOf } from "../versions";

import { halves } from "./recorded";

const inputs = {
  talosVersion: z.string().refine((version) => minorOf(version) !== undefined, {
    error: (issue) => `${JSON.stringify(issue.input)} is no version such as "1.12" or "1.12.0"`,
  }),
};
const computed = { machineSecrets: z.string(), clientConfiguration, contract: z.string() };

/**
 * The secrets of a cluster: its certificate authorities, tokens and encryption keys. Made once and never again; they are
 * in the state only (and there encrypted), so losing the state is losing the cluster. The configuration format they are
 * made for ("contract") is frozen with them.
 */
export const secrets = defineKind<TalosApi, typeof inputs, typeof computed>({
  token: "talos:index:Secrets",
  inputs,
  computed,
  secrets: ["machineSecrets", "clientConfiguration"],
  settle: ({ talosVersion }) =>
    talosVersion === undefined ? {} : { talosVersion: minorOf(talosVersion) ?? talosVersion },
  problems: ({ talosVersion: wanted }, { talosVersion: kept }) =>
    kept === undefined || wanted === undefined || wanted === kept
      ? []
      : [
          {
            property: "talosVersion",
            reason:
              `the secrets of this cluster were made for the configuration format of Talos ${kept}, which stays as it is for the ` +
              `cluster's life: with that of ${wanted} the nodes could lose keys they need to read their own data. ` +
              `Keep "${kept}" here, and upgrade Talos by the talosVersion of the machines.`,
          },
        ],
  create: async (api, { talosVersion: contract }, who) => {
    const made = { ...(await api.generate(contract, who)), contract };
    await api.record("Secrets", idOf(who), { talosVersion: contract, ...made }, who);
    return { id: idOf(who), computed: made };
  },
  read: async (api, id, before) => {
    const found = await api.recorded("Secrets", id, toKnown({ ...before?.computed }));
    if (found !== "not kept") return found === undefined ? undefined : halves(found, inputs, computed);
    if (before !== undefined) return before;
    throw new Error(
      "The secrets of a cluster cannot be imported: they are nowhere but in the state they were made in.",
    );
  },
  // Asked for only when a simulated world has lost them.
  update: async (api, id, { talosVersion: contract }, _before, who) => {
    const made = { ...(await api.generate(contract, who)), contract };
    await api.record("Secrets", id, { talosVersion: contract, ...made }, who);
    return made;
  },
  delete: (api, id) => api.erase("Secrets", id),
});
