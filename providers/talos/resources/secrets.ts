import { z } from "zod";

import { isSecretMarker } from "../../../lab/world";
import { defineKind } from "../../common/defineKind";
import { idOf } from "../../common/identity";
import type { Values } from "../../common/spec";
import { toKnown } from "../../common/values";
import type { Bundle, TalosApi } from "../backends/api";
import { clientExpiry, endsSoon } from "../backends/certificates";
import { clientConfiguration } from "../talosconfig";
import { minorOf } from "../versions";

import { halves } from "./recorded";

const inputs = {
  talosVersion: z.string().refine((version) => minorOf(version) !== undefined, {
    error: (issue) => `${JSON.stringify(issue.input)} is no version such as "1.12" or "1.12.0"`,
  }),
};
const computed = {
  machineSecrets: z.string(),
  clientConfiguration,
  /** Absent where nothing expires: in a simulated world. */
  clientExpires: z.string().optional(),
  contract: z.string(),
};

/**
 * The secrets of a cluster: its certificate authorities, tokens and encryption keys. Made once and never again; they are
 * in the state only (and there encrypted), so losing the state is losing the cluster. The configuration format they are
 * made for ("contract") is frozen with them.
 *
 * The client in them lives a year. When less than thirty days are left, `clientExpires` shows as a change, and the next
 * update has the same authority sign another client; it needs no node for that.
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
  volatile: () => ["clientConfiguration", "clientExpires"],
  repair: ({ clientConfiguration: client }) =>
    client !== undefined && endsSoon(clientExpiry(client)) ? ["clientExpires"] : [],
  create: async (api, { talosVersion: contract }, who) => {
    const made = complete(await api.generate(contract, who), contract);
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
  // Asked for when the client expires soon, and when a simulated world has lost the secrets.
  update: async (api, id, { talosVersion: contract }, { computed: { machineSecrets } }, who) => {
    const bundle =
      machineSecrets === undefined || isSecretMarker(machineSecrets)
        ? await api.generate(contract, who)
        : { machineSecrets, clientConfiguration: await api.renewClient(machineSecrets, contract, who) };
    const made = complete(bundle, contract);
    await api.record("Secrets", id, { talosVersion: contract, ...made }, who);
    return made;
  },
  delete: (api, id) => api.erase("Secrets", id),
});

function complete(bundle: Bundle, contract: string): Values<typeof computed> {
  const clientExpires = clientExpiry(bundle.clientConfiguration);
  return { ...bundle, ...(clientExpires === undefined ? {} : { clientExpires }), contract };
}
