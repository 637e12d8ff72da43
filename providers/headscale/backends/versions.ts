/** What a line of Headscale releases can do that this provider depends on. */
export interface Capabilities {
  /** Has POST /api/v1/policy/check. */
  readonly policyCheck: boolean;
  /** Deletes pre-auth keys by id (DELETE /api/v1/preauthkey?id=). */
  readonly keysById: boolean;
}

/**
 * By minor version: https://github.com/juanfont/headscale/blob/v0.29.1/CHANGELOG.md. Only lines that were tried are here. 0.28
 * has no policy check; the unreleased 0.30 changes the form of errors and adds a second API.
 */
const capabilities = new Map<string, Capabilities>([["0.29", { policyCheck: true, keysById: true }]]);

/**
 * What the server can do.
 *
 * @param reported what GET /version says; a build without a release says "dev"; undefined when there is no such page
 * @param assumed the version to go by when the server does not say one (provider argument `assumeVersion`)
 * @throws Error naming the versions that work
 */
export function capabilitiesOf(reported: string | undefined, assumed: string | undefined): Capabilities {
  const version = minorOf(reported) === undefined ? assumed : reported;
  const minor = minorOf(version);
  const works = `It works with ${[...capabilities.keys()].map((line) => `${line}.x`).join(", ")}.`;
  if (reported === undefined)
    throw new Error(`The server has no page /version: it is no Headscale, or one that is too old. ${works}`);
  if (minor === undefined)
    throw new Error(
      `The Headscale server does not say its version (it says ${JSON.stringify(reported)}). ` +
        `Set the provider's assumeVersion to the release it was built from. ${works}`,
    );
  const found = capabilities.get(minor);
  if (found === undefined) throw new Error(`Headscale ${version ?? ""} is not supported by this provider. ${works}`);
  return found;
}

function minorOf(version: string | undefined): string | undefined {
  return /^v?(\d+\.\d+)(\.\d+)?([-+].*)?$/.exec(version ?? "")?.[1];
}
