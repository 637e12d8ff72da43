import { stringify } from "yaml";

const pem = (kind: string): string =>
  Buffer.from(`-----BEGIN ${kind}-----\nbWFkZSB1cA==\n-----END ${kind}-----\n`).toString("base64");

/** PEM in base64, as kubeconfigs hold it. */
export const certificate = pem("CERTIFICATE");
export const privateKey = pem("EC PRIVATE KEY");

/** Appears in no message and in no input in clear. */
export const token = "token-made-for-tests";

/** A kubeconfig with other fields of its cluster, its user or its own; `undefined` leaves one out. */
export function kubeconfig({ cluster = {}, user = {}, ...own }: KubeconfigChanges = {}): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "farm",
    contexts: [{ name: "farm", context: { cluster: "farm", user: "estate" } }],
    clusters: [
      {
        name: "farm",
        cluster: { server: "https://10.1.2.3:6443", "certificate-authority-data": certificate, ...cluster },
      },
    ],
    users: [{ name: "estate", user: { token, ...user } }],
    ...own,
  });
}

interface KubeconfigChanges {
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly user?: Readonly<Record<string, unknown>>;
  readonly "current-context"?: string | undefined;
  readonly contexts?: unknown;
  readonly users?: unknown;
}
