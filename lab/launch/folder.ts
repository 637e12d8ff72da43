import { join } from "node:path";

/** The worlds of a lab: simulated as a whole, or with real control planes on this machine. */
export type LabKind = "embedded" | "full";

/** Where a lab stack keeps everything it has. Git-ignored; removing it removes the lab, and nothing else holds any of it. */
export interface LabFolder {
  /** The checkout. */
  readonly root: string;
  readonly stack: string;
  readonly kind: LabKind;
  /** `.lab/<stack>` of the checkout; `.lab/<stack>.full` for the full lab, which has a state of its own. */
  readonly directory: string;
  /** The simulated world: what the providers "manage". Meant to be read and edited by people. */
  readonly world: string;
  /** Pulumi's file backend. */
  readonly state: string;
  /** PULUMI_HOME: plugins, workspaces, credentials of this stack alone. */
  readonly home: string;
  /** What goes first on PATH: the `pulumi` wrapper, and the tools the program calls. */
  readonly bin: string;
  /** The lab's Node programs, each bundled into one file. */
  readonly bundles: string;
  /** File with the generated passphrase, readable by its owner only. */
  readonly passphrase: string;
  /** What the full lab's machines really run; absent in the embedded lab. */
  readonly machines: string;
  /** The full lab's hosts, Talos machines and clusters; absent in the embedded lab. */
  readonly hypervisor: string;
  /** Snapshots of the full lab's clusters; absent in the embedded lab. */
  readonly snapshots: string;
  /** The generated stack configuration, used instead of Pulumi.<stack>.yaml. */
  readonly config: string;
}

/** The lab folder of a stack in a checkout. Touches nothing. */
export function labFolder(root: string, stack: string, kind: LabKind = "embedded"): LabFolder {
  const directory = join(root, ".lab", kind === "embedded" ? stack : `${stack}.${kind}`);
  return {
    root,
    stack,
    kind,
    directory,
    world: join(directory, "world.json"),
    state: join(directory, "state"),
    home: join(directory, "home"),
    bin: join(directory, "bin"),
    bundles: join(directory, "bundles"),
    passphrase: join(directory, "passphrase"),
    machines: join(directory, "machines"),
    hypervisor: join(directory, "hypervisor"),
    snapshots: join(directory, "snapshots"),
    config: join(directory, `Pulumi.${stack}.yaml`),
  };
}
