import { randomBytes } from "node:crypto";
import { stringify } from "yaml";

/**
 * Made up, in the form of one: nobody answers at its server, whose name no DNS ever has
 * (https://www.rfc-editor.org/rfc/rfc6761#section-6.4).
 */
export function madeUpKubeconfig(cluster: string): string {
  const authority = "-----BEGIN CERTIFICATE-----\nbWFkZSB1cA==\n-----END CERTIFICATE-----\n";
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "lab",
    contexts: [{ name: "lab", context: { cluster, user: "lab" } }],
    clusters: [
      {
        name: cluster,
        cluster: {
          server: `https://${cluster}.invalid:6443`,
          "certificate-authority-data": Buffer.from(authority).toString("base64"),
        },
      },
    ],
    users: [{ name: "lab", user: { token: `lab-${randomBytes(18).toString("base64url")}` } }],
  });
}
