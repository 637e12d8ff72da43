/** A node of the tailnet that generated policies are tried on. */
export interface Inhabitant {
  readonly name: string;
  /** Who lets it join. */
  readonly user?: string;
  /** What it is instead of a user's. */
  readonly tags?: readonly string[];
  /** What it offers to route. @default nothing */
  readonly routes?: readonly string[];
  /** What of it is approved. @default everything */
  readonly approved?: readonly string[];
}

/** Users; zoe has no device, bob no e-mail address. */
export const users = [
  { name: "ada", email: "ada@estate.example" },
  { name: "bob" },
  { name: "eve", email: "e.vance@elsewhere.example" },
  { name: "zoe", email: "zoe@estate.example" },
] as const;

/**
 * Every kind of node there is: users with one or several devices, tagged nodes with one or several tags, routers whose
 * networks overlap or are the same, a user's own router, a route that nobody approved, exit nodes.
 */
export const population: readonly Inhabitant[] = [
  { name: "ada-laptop", user: "ada" },
  { name: "ada-phone", user: "ada" },
  { name: "bob-desktop", user: "bob", routes: ["172.20.0.0/24"] },
  { name: "eve-laptop", user: "eve" },
  { name: "eve-tablet", user: "eve" },
  { name: "web1", tags: ["tag:web"] },
  { name: "web2", tags: ["tag:web", "tag:prod"] },
  { name: "db1", tags: ["tag:db", "tag:prod"] },
  // Joined by a key of ada's that gives tags: from then on it is the tags', not hers.
  { name: "ci", user: "ada", tags: ["tag:ci"] },
  { name: "router1", tags: ["tag:router"], routes: ["10.10.0.0/16", "fd00:10::/64"] },
  { name: "router2", tags: ["tag:router", "tag:edge"], routes: ["10.10.20.0/24", "192.168.50.0/24"] },
  { name: "router3", tags: ["tag:edge"], routes: ["10.10.0.0/16", "10.99.0.0/24"], approved: ["10.10.0.0/16"] },
  { name: "exit1", tags: ["tag:exit"], routes: ["0.0.0.0/0", "::/0"] },
  { name: "exit2", user: "eve", routes: ["0.0.0.0/0", "::/0", "192.168.60.0/24"] },
];

export const tags = [
  "tag:web",
  "tag:prod",
  "tag:db",
  "tag:ci",
  "tag:router",
  "tag:edge",
  "tag:exit",
  "tag:idle",
] as const;

/** Addresses behind the routers, and some that are behind none: what packets are sent to besides nodes. */
export const places: readonly string[] = [
  "10.10.5.1",
  "10.10.20.7",
  "10.11.0.1",
  "10.99.0.4",
  "172.20.0.9",
  "192.168.50.3",
  "192.168.60.3",
  "fd00:10::5",
  "8.8.8.8",
  "2606:4700::1111",
];

/** Addresses that are no node's and send packets all the same: two behind routers, one of the internet. */
export const strangers: readonly string[] = ["10.10.20.7", "fd00:10::5", "8.8.8.8"];
