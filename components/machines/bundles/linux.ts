import { forwarding, installByApt } from "../../tailnet/join";
import type { BundleArgs, BundleService } from "./bundle.plan";
import { file, joining, lines, opening, rustdesk, word } from "./posix";

/** Debian, Ubuntu, Raspberry Pi OS, and what NVIDIA's Jetson runs (an Ubuntu). On others Tailscale has to be there. */
export function linuxBundle(args: BundleArgs): string {
  const { services, join } = args;
  return lines(
    opening(args, "sudo sh"),
    "",
    '[ "$(id -u)" = 0 ] || { echo "run this with sudo" >&2; exit 1; }',
    "if ! command -v tailscale >/dev/null 2>&1; then",
    "  if ! command -v apt-get >/dev/null 2>&1; then",
    '    echo "no apt here: install Tailscale by https://tailscale.com/download/linux, then run this again" >&2',
    "    exit 1",
    "  fi",
    installByApt.map((line) => `  ${line}`),
    "fi",
    join.advertises.length === 0 ? [] : [...file("/etc/sysctl.d/99-tailnet.conf", forwarding), "sysctl --system"],
    joining(args, "mktemp /run/tailnet-join.XXXXXX"),
    services.flatMap(serviceLines),
    "check",
  );
}

function serviceLines(service: BundleService): string[] {
  const { name, port, runs } = service;
  switch (runs?.kind) {
    case "ollama":
      return ollama(port, runs.models);
    case "rustdesk":
      return rustdesk(port);
    case "command":
      return [
        ...file(`/etc/systemd/system/estate-${name}.service`, unit(name, runs)),
        "systemctl daemon-reload",
        `systemctl enable estate-${name}`,
        `systemctl restart estate-${name}`,
      ];
    case undefined:
      return [];
    default:
      return runs satisfies never;
  }
}

/** The drop-in that Ollama documents (docs/faq.md), with the address of the tailnet: nobody else's network reaches it. */
function ollama(port: number, models: readonly string[]): string[] {
  return [
    "command -v ollama >/dev/null 2>&1 || curl -fsSL https://ollama.com/install.sh | sh",
    'address="$(tailscale ip -4)"',
    "mkdir -p /etc/systemd/system/ollama.service.d",
    "cat >/etc/systemd/system/ollama.service.d/estate.conf <<END-OF-FILE",
    "[Unit]",
    "After=tailscaled.service",
    "",
    "[Service]",
    `Environment="OLLAMA_HOST=$address:${String(port)}"`,
    "END-OF-FILE",
    "systemctl daemon-reload",
    "systemctl enable ollama",
    "systemctl restart ollama",
    ...pulls(port, models),
  ];
}

/** Ollama answers a moment after it was started. */
export function pulls(port: number, models: readonly string[]): string[] {
  if (models.length === 0) return [];
  return [
    `export OLLAMA_HOST="$address:${String(port)}"`,
    "tries=0",
    'until ollama list >/dev/null 2>&1 || [ "$tries" = 30 ]; do tries=$((tries + 1)); sleep 1; done',
    ...models.map((model) => `ollama pull ${word(model)}`),
  ];
}

type Command = Extract<NonNullable<BundleService["runs"]>, { kind: "command" }>;

/** systemd.service(5). The schema lets nothing into a word that systemd would expand. */
function unit(name: string, { command, directory, user }: Command): string {
  return lines(
    "[Unit]",
    `Description=${name}, declared by the estate`,
    "After=network-online.target tailscaled.service",
    "Wants=network-online.target",
    "",
    "[Service]",
    `ExecStart=${command.map((part) => `"${part}"`).join(" ")}`,
    `WorkingDirectory=${directory}`,
    `User=${user}`,
    "Restart=always",
    "RestartSec=5",
    "NoNewPrivileges=true",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  );
}
