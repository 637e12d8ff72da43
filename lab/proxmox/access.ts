import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { noPermission, Refusal } from "./refusal";

/** Who may use the API. Kept in memory only: no secret stands in the state's file. */
export interface Credentials {
  /** API tokens by their id, "root@pam!estate". */
  readonly tokens: Readonly<Record<string, TokenGrant>>;
  /** Passwords by user, for tickets. @default none */
  readonly passwords?: Readonly<Record<string, string>>;
}

export interface TokenGrant {
  readonly secret: string;
  /** Privileges by path; the nearest path above an object decides. @default every privilege there is */
  readonly privileges?: Readonly<Record<string, readonly string[]>>;
}

/** Who a request comes from. */
export interface Caller {
  /** With a token this is the token's id, which is why a token of root is not root. */
  readonly id: string;
  readonly privileges: TokenGrant["privileges"];
}

interface Ticket {
  readonly user: string;
  readonly csrf: string;
}

/** Knows the callers and their tickets. Messages are those of PVE::HTTPServer::auth_handler (pve-manager). */
export class Access {
  private readonly tickets = new Map<string, Ticket>();

  constructor(private readonly credentials: Credentials) {}

  /** @throws Refusal with status 401 */
  identify(method: string, headers: IncomingHttpHeaders): Caller {
    const [, id = "", secret = ""] = /^PVEAPIToken[= ]([^=]+)=(.+)$/.exec(headers.authorization ?? "") ?? [];
    if (id !== "") {
      const grant = this.credentials.tokens[id];
      if (grant === undefined || !equal(grant.secret, secret)) throw new Refusal(401, "Authentication failed!");
      return { id, privileges: grant.privileges };
    }
    const [, cookie = ""] = /(?:^|;\s*)PVEAuthCookie=([^;]+)/.exec(headers.cookie ?? "") ?? [];
    if (cookie === "") throw new Refusal(401, "No ticket");
    const ticket = this.tickets.get(decodeURIComponent(cookie));
    if (ticket === undefined) throw new Refusal(401, "Authentication failed!");
    if (method !== "GET" && headers["csrfpreventiontoken"] !== ticket.csrf)
      throw new Refusal(401, "Permission denied - invalid csrf token");
    return { id: ticket.user, privileges: undefined };
  }

  /** Logs a user in. @throws Refusal with status 401 */
  login(user: string, password: string): { ticket: string; csrf: string } {
    const expected = this.credentials.passwords?.[user];
    if (expected === undefined || !equal(expected, password)) throw new Refusal(401, "authentication failure");
    const made = { ticket: `PVE:${user}:${unique()}::${unique()}`, csrf: `${unique()}:${unique()}` };
    this.tickets.set(made.ticket, { user, csrf: made.csrf });
    return made;
  }
}

/** Whether a caller is root itself, who may do what no privilege allows. A token never is. */
export function isRoot(caller: Caller): boolean {
  return caller.id === "root@pam";
}

/** Whether a caller has one of some privileges on a path. */
export function may({ privileges }: Caller, path: string, wanted: readonly string[]): boolean {
  if (privileges === undefined) return true;
  const above = [path];
  for (let at = path; at !== "/";) above.push((at = at.slice(0, at.lastIndexOf("/")) || "/"));
  const granted = above.map((item) => privileges[item]).find((item) => item !== undefined) ?? [];
  return wanted.some((privilege) => granted.includes(privilege));
}

/** @throws Refusal with status 403 unless the caller has one of the privileges */
export function demand(caller: Caller, path: string, ...wanted: readonly string[]): void {
  if (!may(caller, path, wanted)) throw noPermission(path, wanted);
}

function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function unique(): string {
  return randomBytes(16).toString("hex").toUpperCase();
}
