import { join } from "node:path";

/** A Go program the estate is run with, and how it is built when it is not on PATH. */
export interface ToolPin {
  /** Name of the binary, and of its folder in tools/. */
  readonly name: string;
  /** The version that is built, and the oldest that is taken from PATH. */
  readonly version: string;
  /** What it is needed for, as a message says it. */
  readonly purpose: string;
  /** Folder in tools/ whose module pins it. @default its name */
  readonly module?: string;
  /** Package to build, in that module. */
  readonly package: string;
  /**
   * Arguments for `go` that write what the program embeds. They are run in a copy of the module, which is then built: the
   * checkout stays as it is.
   * @default nothing is generated
   */
  readonly generate?: readonly string[];
  /** Linker flags; the version is set as the upstream release does it. */
  readonly ldflags: string;
  /** Build tags. A tool that has some is never taken from PATH: only a build of one's own has them. @default none */
  readonly tags?: string;
  /** Arguments that make it print its version. */
  readonly versionArgs: readonly string[];
  /** Archive of the upstream's release, for the same platform names as Node's. @default not downloaded, only built */
  readonly archive?: (platform: string, arch: string) => string;
}

const stripped = "-s -w";
const tailscale = "1.92.5";
const tailscaleFlags = `${stripped} -X tailscale.com/version.longStamp=${tailscale} -X tailscale.com/version.shortStamp=${tailscale}`;
const kubernetes = "1.34.3";

/** A program of Kubernetes: they all come from one module. */
function kubernetesProgram<const N extends string>(name: N, purpose: string) {
  return {
    name,
    version: kubernetes,
    purpose,
    module: "kubernetes",
    package: `k8s.io/kubernetes/cmd/${name}`,
    ldflags: `${stripped} -X k8s.io/component-base/version.gitVersion=v${kubernetes}`,
    versionArgs: ["--version"],
  };
}

export const pins = {
  pulumi: {
    name: "pulumi",
    version: "3.250.0",
    purpose: "the engine that applies the estate",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    ldflags: `${stripped} -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.250.0`,
    versionArgs: ["version"],
    // As https://get.pulumi.com (the installer) names it; it brings Pulumi's own Node language host along.
    archive: (platform, arch) => `https://get.pulumi.com/releases/sdk/pulumi-v3.250.0-${platform}-${arch}.tar.gz`,
  },
  helm: {
    name: "helm",
    version: "3.19.4",
    purpose: "renders the charts when the program runs",
    package: "helm.sh/helm/v3/cmd/helm",
    ldflags: `${stripped} -X helm.sh/helm/v3/internal/version.version=v3.19.4`,
    versionArgs: ["version", "--short"],
  },
  headscale: {
    name: "headscale",
    version: "0.29.1",
    purpose: "the tailnet's control server in the full lab",
    package: "github.com/juanfont/headscale/cmd/headscale",
    // Its version is that of its module, which Go's build information says.
    ldflags: stripped,
    versionArgs: ["version"],
  },
  tailscale: {
    name: "tailscale",
    version: tailscale,
    purpose: "joins the full lab's machines to their tailnet",
    module: "tailscale",
    package: "tailscale.com/cmd/tailscale",
    ldflags: tailscaleFlags,
    versionArgs: ["version"],
  },
  tailscaled: {
    name: "tailscaled",
    version: tailscale,
    purpose: "the tailnet's client in the full lab",
    module: "tailscale",
    package: "tailscale.com/cmd/tailscaled",
    ldflags: tailscaleFlags,
    // In user space its peer API would listen on all interfaces (ipn/ipnlocal/peerapi.go), and the lab uses nothing of it.
    tags: "ts_omit_peerapiserver",
    versionArgs: ["--version"],
  },
  talosctl: {
    name: "talosctl",
    version: "1.12.0",
    purpose: "configures and upgrades the nodes of Talos clusters",
    package: "github.com/siderolabs/talos/cmd/talosctl",
    // Its version is in a file of its module.
    ldflags: stripped,
    versionArgs: ["version", "--client", "--short"],
  },
  "talos-machine": {
    name: "talos-machine",
    version: "0.1.0",
    purpose: "plays machines that run Talos",
    package: ".",
    ldflags: `${stripped} -X main.version=0.1.0`,
    versionArgs: ["-version"],
  },
  "pulumi-resource-proxmoxve": {
    name: "pulumi-resource-proxmoxve",
    // That of @muhlba91/pulumi-proxmoxve, whose plugin this stands for.
    version: "8.5.0",
    purpose: "the provider of Proxmox, as the full lab runs it",
    package: ".",
    generate: ["run", "-mod=readonly", "./gen", "schema", "--out", "info", "--skip-docs", "--skip-examples"],
    // Its version is in its source: the schema holds it, too.
    ldflags: stripped,
    versionArgs: ["-version"],
  },
  "pulumi-resource-kubernetes": {
    name: "pulumi-resource-kubernetes",
    // That of @pulumi/kubernetes, whose plugin this stands for.
    version: "4.25.0",
    purpose: "the provider of Kubernetes, as the full lab runs it",
    package: ".",
    ldflags: `${stripped} -X github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version=4.25.0`,
    versionArgs: ["-version"],
  },
  etcd: {
    name: "etcd",
    version: "3.6.5",
    purpose: "keeps what the full lab's clusters hold",
    package: "go.etcd.io/etcd/server/v3",
    // Its version is in its source.
    ldflags: stripped,
    versionArgs: ["--version"],
  },
  "kube-apiserver": kubernetesProgram("kube-apiserver", "the API of the full lab's clusters"),
  "kube-controller-manager": kubernetesProgram("kube-controller-manager", "the controllers of the full lab's clusters"),
  "kube-scheduler": kubernetesProgram("kube-scheduler", "the scheduler of the full lab's clusters"),
  kubectl: { ...kubernetesProgram("kubectl", "asks the full lab's clusters"), versionArgs: ["version", "--client"] },
  kwok: {
    name: "kwok",
    version: "0.7.0",
    purpose: "plays the kubelets of the full lab's nodes",
    package: "sigs.k8s.io/kwok/cmd/kwok",
    ldflags: `${stripped} -X sigs.k8s.io/kwok/pkg/consts.Version=v0.7.0`,
    versionArgs: ["--version"],
  },
  actionlint: {
    name: "actionlint",
    version: "1.7.7",
    purpose: "checks the GitHub workflows",
    package: "github.com/rhysd/actionlint/cmd/actionlint",
    ldflags: `${stripped} -X github.com/rhysd/actionlint.version=1.7.7`,
    versionArgs: ["-version"],
  },
} as const satisfies Readonly<Record<string, ToolPin>>;

/** The folder with a tool's go.mod and go.sum, in the checkout. */
export function moduleOf(root: string, pin: Pick<ToolPin, "name" | "module">): string {
  return join(root, "tools", pin.module ?? pin.name);
}

/** Tools that only the full lab needs; getting them takes minutes on a machine that can't download. */
export const fullLabTools = [
  ...["headscale", "tailscale", "tailscaled"],
  ...["talosctl", "talos-machine", "pulumi-resource-proxmoxve", "pulumi-resource-kubernetes"],
  ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"],
] as const satisfies readonly (keyof typeof pins)[];

/** The first version number in what a program prints. */
export function readVersion(output: string): string | undefined {
  return /\bv?(\d+\.\d+\.\d+)\b/.exec(output)?.[1];
}

/** Whether a version can stand in for the pinned one: the same major version (below 1.0 minor, too), and not older. */
export function fits(version: string, pinned: string): boolean {
  const [have, want] = [version, pinned].map((text) => text.split(".").map(Number));
  if (have === undefined || want === undefined || have[0] !== want[0]) return false;
  if (want[0] === 0 && have[1] !== want[1]) return false;
  const different = have.findIndex((part, index) => part !== want[index]);
  return different === -1 || (have[different] ?? 0) > (want[different] ?? 0);
}
