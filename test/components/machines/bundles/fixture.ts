import { randomUUID } from "node:crypto";
import { planBundle, renderBundle } from "../../../../components/machines/bundles/bundle.plan";
import type { ExternalMachine } from "../../../../stacks/estate";
import { external, service, topology } from "../../tailnet/fixtures";

/** Made when the tests run; the pinned texts have KEY in its place. */
export const authKey = `key-${randomUUID()}`;
const loginServer = "https://headscale.estate.example";

const gpuBox = {
  tags: ["gpu"],
  serves: {
    api: service(11434, ["group:admins"]),
    desktop: service(21118, ["group:admins"]),
    ingest: service(8000, ["group:admins"]),
    dns: service(53, ["group:admins"], "udp"),
  },
};
const command = {
  kind: "command",
  command: ["/opt/ingest/ingest", "--port", "8000"],
  directory: "/opt/ingest",
  user: "ingest",
} as const;
const windowsCommand = {
  ...command,
  command: ["C:\\ingest\\ingest.exe", "--name", "the ingest"],
  directory: "C:\\ingest",
};
const runs: ExternalMachine["runs"] = {
  api: { kind: "ollama", models: ["llama3.2:3b"] },
  desktop: { kind: "rustdesk" },
  ingest: command,
};

/** One machine for each operating system, and the small estate around them. */
export const machines = {
  linux: external({ os: "linux", role: "gpu-box", ...gpuBox, runs, advertises: ["10.44.0.0/16"] }),
  macos: external({ os: "macos", role: "appliance", ...gpuBox, runs }),
  windows: external({ os: "windows", role: "gpu-box", ...gpuBox, runs: { ...runs, ingest: windowsCommand } }),
  openwrt: external({ os: "openwrt", role: "subnet-router", tags: ["field"], advertises: ["10.42.0.0/24"] }),
};

export function bundleOf(os: keyof typeof machines, changes: Partial<ExternalMachine> = {}): string {
  const machine = { ...machines[os], ...changes };
  const estate = topology({ machines: { [os]: machine } });
  return renderBundle({ ...planBundle(estate, os, machine), loginServer, authKey });
}
