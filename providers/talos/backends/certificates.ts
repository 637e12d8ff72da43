import { X509Certificate } from "node:crypto";

import type { ClientConfiguration } from "../talosconfig";

import { kubernetesAccess } from "./kubernetesApi";

/** A certificate is renewed when less is left of it than this; Talos gives its clients a year. */
const renewBefore = 30 * 24 * 60 * 60 * 1000;

/** When a client of Talos is no longer let in, RFC 3339; undefined for one without a certificate: a simulated one. */
export function clientExpiry({ crt }: ClientConfiguration): string | undefined {
  return expiry(Buffer.from(crt, "base64").toString("utf8"));
}

/** When a kubeconfig no longer lets in, RFC 3339; undefined for a simulated one. */
export function kubeconfigExpiry(kubeconfig: string): string | undefined {
  const access = kubernetesAccess(kubeconfig);
  return access === undefined ? undefined : expiry(access.cert);
}

/** Whether what ends then should be made anew by now. */
export function endsSoon(expires: string | undefined, now = Date.now()): boolean {
  return expires !== undefined && Date.parse(expires) - now < renewBefore;
}

function expiry(pem: string): string | undefined {
  try {
    return new Date(new X509Certificate(pem).validTo).toISOString();
  } catch {
    return undefined;
  }
}
