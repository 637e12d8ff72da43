/** A user of a Headscale server. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly email: string;
  /** Whether an identity provider made it: its name is that provider's to change. */
  readonly external: boolean;
}

/** What a new user is to be. */
export type NewUser = Omit<User, "id" | "external">;

/** A pre-auth key as the server lists it: its secret part is shown once, when it is made. */
export interface PreAuthKey {
  readonly id: string;
  /** Id of the user its nodes will belong to; tagged keys need none. */
  readonly user: string | undefined;
  readonly tags: readonly string[];
  readonly reusable: boolean;
  readonly ephemeral: boolean;
  /** Whether a machine joined with it. The server notes it of single-use keys only (hscontrol/state/state.go, 0.29.1). */
  readonly used: boolean;
  /** ISO 8601, undefined for keys of older servers that had none. */
  readonly expiration: string | undefined;
  /** What the server shows of the key, for example "hskey-auth-abc-***". */
  readonly masked: string;
}

/** What a new pre-auth key is to be. */
export type NewPreAuthKey = Omit<PreAuthKey, "id" | "used" | "masked" | "expiration"> & { readonly expiration: string };

/** An API key as the server lists it. */
export interface ApiKey {
  readonly id: string;
  /** The public part that names the key, for example "abcdefghijkl". */
  readonly prefix: string;
  /** ISO 8601 */
  readonly expiration: string | undefined;
}

/** A machine that has joined the tailnet. */
export interface Node {
  readonly id: string;
  /** The name under which MagicDNS knows it. */
  readonly givenName: string;
  /** What it calls itself. */
  readonly hostname: string;
  /** Id of the user it belongs to. A tagged machine belongs to nobody: its id is that of no user. */
  readonly user: string | undefined;
  readonly tags: readonly string[];
  readonly addresses: readonly string[];
  readonly approvedRoutes: readonly string[];
  /** The routes it offers. */
  readonly availableRoutes: readonly string[];
  readonly online: boolean;
  /** ISO 8601 */
  readonly lastSeen: string | undefined;
  /** When it must log in again, ISO 8601; undefined when never. */
  readonly expiry: string | undefined;
  /** Id of the key it joined with, as long as the server has the key. */
  readonly preAuthKey: string | undefined;
  /** Whether it is forgotten when it goes offline: the server tells by the key it joined with. */
  readonly ephemeral: boolean;
}

/** What a hub is asked to keep for a node that may not have joined yet. */
export type Expectation = "NodeTags" | "RouteApproval";

/**
 * What the resources ask of a Headscale server. Every method throws when the server cannot be reached or refuses;
 * "not there" is an empty answer, and taking away what is not there is no error.
 */
export interface HeadscaleApi {
  now(): Date;
  users(): Promise<readonly User[]>;
  createUser(user: NewUser): Promise<User>;
  renameUser(id: string, name: string): Promise<void>;
  deleteUser(id: string): Promise<void>;
  preAuthKeys(): Promise<readonly PreAuthKey[]>;
  /** @returns the id, and the key itself, which nobody can read again */
  createPreAuthKey(key: NewPreAuthKey): Promise<{ id: string; key: string }>;
  /** Ends the key; machines that joined with it stay as they are. */
  expirePreAuthKey(id: string): Promise<void>;
  /** Forgets the key, and of the machines that joined with it that they did: ephemeral ones are kept for ever from then on. */
  deletePreAuthKey(id: string): Promise<void>;
  apiKeys(): Promise<readonly ApiKey[]>;
  /** @returns the key itself, which nobody can read again */
  createApiKey(expiration: string): Promise<{ id: string; prefix: string; key: string }>;
  deleteApiKey(prefix: string): Promise<void>;
  /** The policy in force as text, undefined when none was ever set. */
  policy(): Promise<string | undefined>;
  /** @throws Error with the server's reason when it would not take the policy */
  checkPolicy(text: string): Promise<void>;
  setPolicy(text: string): Promise<void>;
  /** Ends the record of a policy that is no longer managed; the policy in force stays in force. */
  releasePolicy(): Promise<void>;
  nodes(): Promise<readonly Node[]>;
  setTags(node: string, tags: readonly string[]): Promise<void>;
  approveRoutes(node: string, routes: readonly string[]): Promise<void>;
  /** Keeps what is wanted of a node, where the backend can keep such a thing. */
  expect(what: Expectation, node: string, values: readonly string[]): Promise<void>;
  /** What was kept: "not kept" where the backend cannot, undefined when it is gone. */
  expected(what: Expectation, node: string): Promise<readonly string[] | "not kept" | undefined>;
  unexpect(what: Expectation, node: string): Promise<void>;
}
