import { z } from "zod";
import { cidrv4, gibibytes, ipv4, slug } from "./common";
import { services } from "./services";

/** Operating system images that VMs boot from; components/machines/images.ts says where each comes from. */
export const imageNames = ["ubuntu-22.04", "ubuntu-24.04", "debian-12", "talos", "opnsense"] as const;
/** Those of them that cloud-init sets up. */
export const cloudImages: readonly (typeof imageNames)[number][] = ["ubuntu-22.04", "ubuntu-24.04", "debian-12"];

/** What a machine is for; decides its cloud-init. */
export const machineRoles = [
  "docker-host",
  "workstation",
  "headscale-hub",
  "gateway",
  "talos-control-plane",
  "talos-worker",
] as const;

const onTailnet = {
  /** Tailnet tags, without "tag:". @default none */
  tags: z.array(slug).default([]),
  /** Networks it routes for the tailnet; approved without a click. @default none */
  advertises: z.array(cidrv4).default([]),
  /** What it serves, and to whom. @default nothing */
  serves: services.default({}),
};

/** A VM on a Proxmox host. */
export const vm = z.strictObject({
  /** @default "vm" */
  kind: z.literal("vm").optional(),
  vmId: z.int().min(100).max(999_999_999),
  host: slug,
  network: slug,
  /** @default the vmId-th address of its network, when that is inside it */
  address: ipv4.optional(),
  image: z.enum(imageNames),
  cores: z.int().min(1).max(256),
  memory: gibibytes,
  /** @default "32 GiB" */
  disk: gibibytes.default("32 GiB"),
  /** A GPU of its host, passed through whole. @default none */
  gpu: slug.optional(),
  role: z.enum(machineRoles),
  /** Of a Docker host: the compose file that it starts at its first boot, YAML. @default none */
  compose: z.string().optional(),
  /** Of a workstation: the service that VS Code in a browser answers on, in the tailnet alone. @default none */
  editor: slug.optional(),
  /** @default true */
  started: z.boolean().default(true),
  ...onTailnet,
});

const user = {
  error: 'expected a Linux user who may use sudo without a password, or "root"',
};
const account = { error: "expected the name of an account on the machine" };
/** How `up` logs in on a machine that is there already; the private key is the secret `sshPrivateKey`. */
const ssh = z.strictObject({ user: z.string(user).regex(/^[a-z_][a-z0-9_-]{0,31}$/, user) });

const word = { error: "expected letters, digits, spaces and _.,:=@+/\\- only" };
const modelName = { error: 'expected a model of Ollama\'s library, for example "llama3.2:3b"' };

/** What answers on a port that an external machine serves; its join bundle sets it up. */
const runs = z.discriminatedUnion(
  "kind",
  [
    /** Ollama, on the machine's address in the tailnet alone. */
    z.strictObject({
      kind: z.literal("ollama"),
      /** Fetched when the bundle is run. @default none */
      models: z.array(z.string(modelName).regex(/^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]+)?$/, modelName)).default([]),
    }),
    /** RustDesk with direct IP access and no public server. It is installed by hand. */
    z.strictObject({ kind: z.literal("rustdesk") }),
    /** A program that is on the machine already, started when the machine starts and again when it ends. */
    z.strictObject({
      kind: z.literal("command"),
      /** The program, by its whole path, and its arguments. */
      command: z.array(z.string(word).regex(/^[A-Za-z0-9_.,:=@+/\\ -]+$/, word)).min(1),
      /** Where it runs. */
      directory: z.string(word).regex(/^[A-Za-z0-9_.,:=@+/\\ -]+$/, word),
      /** Who it runs as: a Linux or macOS account. On Windows it is LocalService. @default "nobody" */
      user: z
        .string(account)
        .regex(/^[a-z_][a-z0-9_-]{0,31}$/, account)
        .default("nobody"),
    }),
  ],
  { error: 'expected kind "ollama", "rustdesk" or "command"' },
);

/**
 * A machine nobody creates through an API: it joins the tailnet, and is declared so that it can be reached or reach.
 * One may be the tailnet's hub: Headscale is then installed on it over SSH.
 */
export const externalMachine = z
  .strictObject({
    kind: z.literal("external"),
    os: z.enum(["linux", "macos", "windows", "openwrt"]),
    role: z.enum(["subnet-router", "workstation", "gpu-box", "builder", "appliance", "headscale-hub"]),
    /** Where `up` reaches it over SSH, outside the tailnet. A hub needs it. @default none: it is in nobody's network here */
    address: ipv4.optional(),
    /** Who logs in there. A hub needs it. @default nobody */
    ssh: ssh.optional(),
    /** Its processor, as Debian calls it; said of a hub. @default "amd64" */
    architecture: z.enum(["amd64", "arm64"]).optional(),
    /** What answers, by the name of what it serves. @default set up by hand */
    runs: z.record(slug, runs).default({}),
    ...onTailnet,
  })
  .superRefine((machine, context) => {
    for (const { path, message } of hubProblems(machine)) context.addIssue({ code: "custom", path: [path], message });
  });

/** What a hub needs, and nothing else has a use for. */
function hubProblems({ os, role, address, ssh: login, architecture }: HubParts): { path: string; message: string }[] {
  if (role !== "headscale-hub") {
    const unused = Object.entries({ ssh: login, architecture }).filter(([, value]) => value !== undefined);
    return unused.map(([path]) => ({ path, message: 'nothing here: only a machine with role "headscale-hub" has it' }));
  }
  return [
    ...(os === "linux" ? [] : [{ path: "os", message: "linux: Headscale is installed on Debian or Ubuntu" }]),
    ...(address === undefined
      ? [{ path: "address", message: "the IPv4 address of the hub, for example 203.0.113.7" }]
      : []),
    ...(login === undefined ? [{ path: "ssh", message: 'who logs in on the hub: { user: "root" }' }] : []),
  ];
}

interface HubParts {
  readonly os: string;
  readonly role: string;
  readonly address?: string | undefined;
  readonly ssh?: unknown;
  readonly architecture?: string | undefined;
}

export const machine = z.discriminatedUnion("kind", [vm, externalMachine], {
  error: 'expected a VM (kind "vm", or no kind) or an external machine (kind "external")',
});
