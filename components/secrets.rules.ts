/** Last words of a name that promise a secret: rootPassword, TUNNEL_TOKEN, client-secret. */
const secretWords = new Set(["password", "passwd", "passphrase", "secret", "token", "kubeconfig", "talosconfig"]);
/** What a key is for, when it is a secret: privateKey, API_KEY, auth-key; a publicKey or a sortKey is none. */
const secretKeys = new Set(["private", "api", "auth", "access", "secret", "signing", "encryption", "deploy"]);

/** Whether a property's or variable's name says that its value is a secret, however its words are joined. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const [last, before] = [words.at(-1) ?? "", words.at(-2) ?? ""];
  return (
    secretWords.has(last) || /^(api|auth|private|access)key$/.test(last) || (last === "key" && secretKeys.has(before))
  );
}

/** Shapes by which secrets are recognised wherever they stand. The sources are the issuers' own descriptions. */
const shapes: readonly { readonly kind: string; readonly pattern: RegExp }[] = [
  { kind: "a Tailscale key", pattern: /\btskey-[a-z]+-\w{6,}/ },
  { kind: "a Headscale key", pattern: /\bhskey-[a-z]+-\w{6,}/ },
  // https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
  { kind: "a GitHub token", pattern: /\b(gh[pousr]_\w{30,}|github_pat_\w{30,})/ },
  { kind: "a private key", pattern: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/ },
  // A Cloudflare tunnel token is base64 of {"a":"<account>", ...}.
  { kind: "a Cloudflare tunnel token", pattern: /\beyJhIjoi[\w+/=-]{40,}/ },
  { kind: "a JSON web token", pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/ },
  // https://pve.proxmox.com/wiki/User_Management#pveum_tokens
  { kind: "a Proxmox API token", pattern: /\b[\w.-]+@\w+![\w.-]+=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/ },
  { kind: "an API key of a model provider", pattern: /\b(sk-[\w-]{20,}|hf_[A-Za-z0-9]{30,})/ },
  { kind: "a URL with a password", pattern: /\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]+:(?!\$)[^\s:@/]+@/ },
];

/** Base64 of "-----BEGIN ": what Kubernetes and Talos keep certificates and keys as. */
const encodedPem = /\bLS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}/g;

/** Says what kind of secret a text holds, by its shape; undefined when it has none that is known. Never returns the value. */
export function secretShape(text: string): string | undefined {
  const found = shapes.find(({ pattern }) => pattern.test(text))?.kind;
  if (found !== undefined) return found;
  const decoded = (text.match(encodedPem) ?? []).map((block) => Buffer.from(block, "base64").toString("latin1"));
  return decoded.some((pem) => pem.includes("PRIVATE KEY-----")) ? "a private key" : undefined;
}

/** Whether a command line hands over a secret as an option: "--token=abc" does, "--token=$TOKEN" and "--token-file=f" don't. */
export function hasSecretOption(commandLine: string): boolean {
  return [...commandLine.matchAll(/(?:^|\s)--?([a-zA-Z][\w-]*)[= ]["']?([^\s"'$-][^\s"']*)/g)].some(([, option = ""]) =>
    isSecretName(option),
  );
}

/** Whether a text only refers to a secret that is kept elsewhere: "", "$(TOKEN)", "${TOKEN}", "$TOKEN". */
export function isReference(text: string): boolean {
  return /^(\$\(\w+\)|\$\{\w+\}|\$\w+)?$/.test(text);
}
