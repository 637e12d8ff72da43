/** The text without PEM blocks, keys of Headscale, and anything that looks like base64 of a key: for messages of other programs. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) if (secret !== "") clean = clean.split(secret).join("[secret]");
  return clean
    .replace(/-----BEGIN [^-]*-----[\s\S]*?(-----END [^-]*-----|$)/g, "[secret]")
    .replace(/hskey-[a-z]+-[A-Za-z0-9_-]{12,}/g, "[secret]")
    .replace(/[A-Za-z0-9+/]{40,}={0,2}/g, "[secret]");
}
