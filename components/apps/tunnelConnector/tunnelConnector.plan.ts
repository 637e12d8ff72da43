import type { Json } from "../chart/objects";

/** The namespace of the connector; app charts let it in by this name. */
export const connectorNamespace = "cloudflared";

/** The secret that holds the tunnel's token, and the key in it. */
export const tokenSecret = { name: "tunnel-token", key: "token" } as const;

/** The values of charts/cloudflared. The token is not among them: the pods read it from the secret. */
export function planConnector(
  targets: readonly { readonly namespace: string; readonly port: number }[],
  imagePullSecrets: readonly Json[],
): { readonly [key: string]: Json } {
  return {
    tokenSecret,
    targets: targets.map(({ namespace, port }) => ({ namespace, port })),
    imagePullSecrets,
  };
}
