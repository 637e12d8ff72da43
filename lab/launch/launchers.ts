import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { installedPackages } from "../language-host/packages";
import { programs } from "./bundle";
import { authorityFiles } from "../machines/place";
import type { LabFolder, LabKind } from "./folder";
import { quote, words } from "./shell";
import { pulumiWrapper } from "./wrapper";

/** The programs a lab stack is run with. */
export interface LabTools {
  /** The Pulumi CLI. */
  readonly pulumi: string;
  /** Helm, which the program renders charts with. @default whatever `helm` is on PATH when the program runs */
  readonly helm?: string;
  /** What the full lab runs, by name. @default none: the embedded lab */
  readonly full?: Readonly<Record<string, string>>;
  /** Node, for the language host and the plugins. @default the Node that runs this */
  readonly node?: string;
}

/** A provider plugin of a third party. */
export interface ProviderPackage {
  readonly name: string;
  readonly version: string;
}

/** Providers of third parties that the full lab runs as they are. */
const realInFull: readonly string[] = ["kubernetes", "proxmoxve"];

/** Every provider that package.json names. */
export function providerPackages(root: string): ProviderPackage[] {
  return installedPackages(root, "dependencies").flatMap(({ plugin }) =>
    plugin === undefined ? [] : [{ name: plugin.name, version: plugin.version }],
  );
}

/** Whether the simulator stands for a provider in a world. */
export function isSimulated(kind: LabKind, name: string): boolean {
  return kind === "embedded" || !realInFull.includes(name);
}

/** Programs that the estate's own providers call, and the people who look after a cluster. */
const operatorTools = ["talosctl", "kubectl"] as const;

/** Writes all launchers of a lab stack anew; what an earlier version of the project left there is removed. */
export function writeLaunchers(folder: LabFolder, tools: LabTools): void {
  const node = tools.node ?? process.execPath;
  const plugins = join(folder.home, "plugins");
  mkdirSync(plugins, { recursive: true });
  mkdirSync(folder.bin, { recursive: true });
  writeScript(join(folder.bin, "pulumi"), pulumiWrapper(folder, tools.pulumi, dirname(node)));
  if (tools.helm !== undefined) link(tools.helm, join(folder.bin, "helm"));
  for (const [name, path] of Object.entries(tools.full ?? {})) {
    mkdirSync(join(folder.machines, "tools"), { recursive: true });
    link(path, join(folder.machines, "tools", name));
  }
  for (const name of operatorTools) {
    const path = tools.full?.[name];
    if (path !== undefined) link(path, join(folder.bin, name));
  }
  const host = languageHostLauncher(folder.root, node, folder.bundles);
  const packages = providerPackages(folder.root);
  const wanted = [
    // Found by the engine when no host lies beside its own binary, as it does in Pulumi's own distribution.
    { directory: `language-nodejs-v${sdkVersion(folder.root)}`, name: "pulumi-language-nodejs", script: host },
    ...packages.map((provider) => ({
      directory: `resource-${provider.name}-v${provider.version}`,
      name: `pulumi-resource-${provider.name}`,
      script: isSimulated(folder.kind, provider.name)
        ? simulatorLauncher(folder, provider, node)
        : realLauncher(folder, provider),
    })),
  ];
  for (const { directory, name, script } of wanted) {
    mkdirSync(join(plugins, directory), { recursive: true });
    writeScript(join(plugins, directory, name), script);
  }
  const kept = new Set(wanted.map(({ directory }) => directory));
  readdirSync(plugins)
    .filter((entry) => !kept.has(entry))
    .forEach((entry) => {
      rmSync(join(plugins, entry), { recursive: true });
    });
}

/**
 * The real plugin, trusting the lab's authority alone, with a home of its own, where it notes the hosts' SSH keys. Nothing of
 * the caller's environment reaches it: it may name real hosts, or an agent with real keys.
 */
function realLauncher({ machines, hypervisor }: LabFolder, { name }: ProviderPackage): string {
  const home = join(hypervisor, "home");
  const temporary = join(home, "tmp");
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const trusted = authorityFiles(join(machines, "authority")).certificate;
  const environment = [`HOME=${quote(home)}`, `TMPDIR=${quote(temporary)}`, `SSL_CERT_FILE=${quote(trusted)}`];
  return `#!/bin/sh
# Written by the lab: the real ${name} provider.
exec env -i PATH="$PATH" ${environment.join(" ")} ${quote(join(machines, "tools", `pulumi-resource-${name}`))} "$@"
`;
}

function simulatorLauncher(folder: LabFolder, { name, version }: ProviderPackage, node: string): string {
  const machines = folder.kind === "full" ? ["--machines", folder.machines] : [];
  const args = ["--package", name, "--version", version, "--world", folder.world, ...machines];
  return launcher(`stands for the ${name} provider`, {
    root: folder.root,
    node,
    program: folder.kind === "full" ? "simulator-full" : "simulator",
    bundles: folder.bundles,
    args,
  });
}

/** Script that starts the project's own Node language host. @param bundles where lab bundles are, if there are any */
export function languageHostLauncher(root: string, node: string, bundles?: string): string {
  return launcher("the Node language host of this checkout", {
    root,
    node,
    program: "language-host",
    bundles,
    args: [],
  });
}

interface Start {
  readonly root: string;
  readonly node: string;
  readonly program: keyof typeof programs;
  readonly bundles: string | undefined;
  readonly args: readonly string[];
}

/**
 * A script that starts a Node program of the lab, bundled when the bundle is as new as its sources. On a leash: it ends when
 * the engine that started it does, even by kill -9.
 */
function launcher(purpose: string, { root, node, program, bundles, args }: Start): string {
  const leashed = words([node, "--require", join(root, "lab", "plain", "leash.cjs")]);
  // By path: the engine starts plugins in directories from where "tsx" would not be found.
  const tsx = pathToFileURL(join(root, "node_modules", "tsx", "dist", "loader.mjs")).href;
  const source = words(["--import", tsx, join(root, programs[program])]);
  const bundle = quote(join(bundles ?? root, `${program}.cjs`));
  const sources = words([join(root, "lab"), join(root, "providers")]);
  return `#!/bin/sh
# Written by the lab: ${purpose}.
export ESTATE_LEASH=$PPID ESTATE_ROOT=${quote(root)}
if [ -f ${bundle} ] && [ -z "$(find -H ${sources} -name '*.ts' -newer ${bundle} | head -n 1)" ]; then
  exec ${leashed} ${bundle} ${words(args)} "$@"
fi
exec ${leashed} ${source} ${words(args)} "$@"
`;
}

function sdkVersion(root: string): string {
  const sdk = installedPackages(root, "dependencies").find(({ name }) => name === "@pulumi/pulumi");
  if (sdk === undefined) throw new Error(`@pulumi/pulumi is not installed in ${quote(root)}; run npm ci there`);
  return sdk.version;
}

/** Replaces the file as a whole, because a running engine may be about to start it. */
export function writeScript(file: string, text: string): void {
  if (readIfThere(file) === text) return;
  const draft = `${file}.${String(process.pid)}`;
  writeFileSync(draft, text, { mode: 0o755 });
  chmodSync(draft, 0o755);
  renameSync(draft, file);
}

function link(target: string, file: string): void {
  const draft = `${file}.${String(process.pid)}`;
  rmSync(draft, { force: true });
  symlinkSync(target, draft);
  renameSync(draft, file);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
