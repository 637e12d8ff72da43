/** What Proxmox answers when it does not do what it was asked, in its own words. Nothing of the state has changed. */
export class Refusal extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 500 | 501,
    message: string,
    /** Per parameter, only with status 400. */
    readonly errors?: Readonly<Record<string, string>>,
  ) {
    super(message);
  }
}

/** Parameters that the API's own description does not allow (raise_param_exc of pve-common). */
export function badParameters(errors: Readonly<Record<string, string>>): Refusal {
  return new Refusal(400, "Parameter verification failed.", errors);
}

/** A privilege that the caller has not got (raise_perm_exc of pve-common). */
export function noPermission(path: string, privileges: readonly string[]): Refusal {
  return new Refusal(403, `Permission check failed (${path}, ${privileges.join("|")})`);
}

/** Whatever Proxmox's own code dies of; the API makes it a 500. */
export function died(message: string): Refusal {
  return new Refusal(500, message);
}
