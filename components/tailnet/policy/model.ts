/**
 * A tailnet policy as data, in the words of the policy file: https://tailscale.com/kb/1337/policy-syntax. Aliases,
 * destinations and ports stay the strings that the file has ("tag:db:5432"); checkPolicy holds them against a server.
 */
export interface Policy {
  /** "group:dev" to its users: "ada@" (Headscale) or "ada@estate.example". */
  readonly groups?: Table<readonly string[]>;
  /** A name to an address or a network: "10.96.0.0/12". */
  readonly hosts?: Table<string>;
  /** "tag:db" to those who may give it: users, groups, other tags. */
  readonly tagOwners?: Table<readonly string[]>;
  /** With neither acls nor grants everything is allowed; with an empty list nothing is. */
  readonly acls?: readonly AclRule[];
  readonly grants?: readonly GrantRule[];
  readonly ssh?: readonly SshRule[];
  readonly autoApprovers?: AutoApprovers;
  readonly nodeAttrs?: readonly NodeAttr[];
  readonly tests?: readonly PolicyTest[];
  readonly sshTests?: readonly SshTest[];
  /** A random port for WireGuard instead of 41641. @default false */
  readonly randomizeClientPort?: boolean;
  /** Tailscale only: "posture:name" to its conditions. */
  readonly postures?: Table<readonly string[]>;
  /** Tailscale only. */
  readonly defaultSrcPosture?: readonly string[];
  /** Tailscale only: "ipset:name" to its members. */
  readonly ipsets?: Table<readonly string[]>;
  /** Tailscale only. @default false */
  readonly disableIPv4?: boolean;
  /** Tailscale only. */
  readonly OneCGNATRoute?: string;
  /** Tailscale only; says nothing about access. */
  readonly derpMap?: Json;
}

export type Table<T> = Readonly<Record<string, T>>;

/** Any JSON: what a policy carries for others and this model does not look into. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** An access rule: sources may open connections to ports of destinations. */
export interface AclRule {
  readonly action: "accept";
  /** A name (tcp, udp, icmp, ...) or a number. @default TCP, UDP and ICMP */
  readonly proto?: string;
  readonly src: readonly string[];
  /** "tag:db:5432", "10.96.0.0/12:80,443", "*:*" */
  readonly dst: readonly string[];
  /** Tailscale only. */
  readonly srcPosture?: readonly string[];
}

export interface GrantRule {
  readonly src: readonly string[];
  readonly dst: readonly string[];
  /** "*", "443", "tcp:80-90,443". At least one of ip and app. */
  readonly ip?: readonly string[];
  /** Capabilities for applications; they open no port. */
  readonly app?: Table<readonly Json[]>;
  /** Tags of the routers through which the destinations may be reached. */
  readonly via?: readonly string[];
  /** Tailscale only. */
  readonly srcPosture?: readonly string[];
}

/** Who may open an SSH session as whom, where the client itself serves SSH. */
export interface SshRule {
  /** "check": people prove themselves again first. */
  readonly action: "accept" | "check";
  readonly src: readonly string[];
  readonly dst: readonly string[];
  /** Login names, "root", autogroup:nonroot, or "localpart:*@estate.example". */
  readonly users: readonly string[];
  /** How long a proof lasts: "12h" or "always". Only with "check". @default 12h */
  readonly checkPeriod?: string;
  /** Environment variables that a session may carry over; * and ? are wildcards. */
  readonly acceptEnv?: readonly string[];
  /** Tailscale only. */
  readonly srcPosture?: readonly string[];
  /** Tailscale only: tags of session recorders. */
  readonly recorder?: readonly string[];
  /** Tailscale only. */
  readonly enforceRecorder?: boolean;
}

/** Who may advertise what without somebody approving it. */
export interface AutoApprovers {
  /** A network to users, groups and tags. */
  readonly routes?: Table<readonly string[]>;
  readonly exitNode?: readonly string[];
}

export interface NodeAttr {
  readonly target: readonly string[];
  readonly attr?: readonly string[];
  /** Tailscale only: networks within 100.64.0.0/10 out of which targets get addresses. */
  readonly ipPool?: readonly string[];
  /** Tailscale only: app connectors. */
  readonly app?: Table<Json>;
}

/** What the policy must allow and deny; a server refuses the policy when it does not. */
export interface PolicyTest {
  readonly src: string;
  /** tcp, udp or sctp. @default any of TCP, UDP and ICMP */
  readonly proto?: string;
  /** "tag:db:5432" */
  readonly accept?: readonly string[];
  readonly deny?: readonly string[];
  /** Tailscale only. */
  readonly srcPostureAttrs?: Table<Json>;
}

export interface SshTest {
  readonly src: string;
  readonly dst: readonly string[];
  /** Login names that must get in, by an accept or a check rule. */
  readonly accept?: readonly string[];
  readonly deny?: readonly string[];
  /** Login names that must get in by a check rule. */
  readonly check?: readonly string[];
  /** Tailscale only. */
  readonly srcPostureAttrs?: Table<Json>;
}

/** The control server whose rules hold: Headscale 0.29 or Tailscale's own. */
export type Server = "headscale" | "tailscale";
