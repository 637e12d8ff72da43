import type { BundleArgs, BundleService } from "./bundle.plan";
import { pulls } from "./linux";
import { joining, lines, opening, rustdesk } from "./posix";

/**
 * A Mac that serves before anybody logs in: Tailscale's open-source daemon, from Homebrew, as a system daemon
 * (https://github.com/tailscale/tailscale/wiki/Tailscaled-on-macOS). Run by the account that owns Homebrew, which may use sudo:
 * Homebrew refuses root.
 */
export function macosBundle(args: BundleArgs): string {
  return lines(
    opening(args, "sh"),
    "",
    '[ "$(id -u)" != 0 ] || { echo "run this as an administrator of the Mac, without sudo: Homebrew refuses root" >&2; exit 1; }',
    'command -v brew >/dev/null 2>&1 || { echo "install Homebrew by https://brew.sh, then run this again" >&2; exit 1; }',
    "command -v tailscale >/dev/null 2>&1 || brew install --formula tailscale",
    "if [ ! -e /Library/LaunchDaemons/com.tailscale.tailscaled.plist ]; then",
    '  sudo "$(brew --prefix)/bin/tailscaled" install-system-daemon',
    "fi",
    joining(args, "mktemp -t tailnet-join", "sudo "),
    args.services.flatMap(serviceLines),
    "check",
  );
}

function serviceLines({ name, port, runs }: BundleService): string[] {
  switch (runs?.kind) {
    case "ollama":
      return [
        "command -v ollama >/dev/null 2>&1 || brew install ollama",
        'address="$(tailscale ip -4)"',
        ...daemon(name, plist(name, ["@OLLAMA@", "serve"], "@USER@", { OLLAMA_HOST: `@ADDRESS@:${String(port)}` }), [
          "@OLLAMA@|$(command -v ollama)",
          "@USER@|$(id -un)",
          "@ADDRESS@|$address",
        ]),
        ...pulls(port, runs.models),
      ];
    case "rustdesk":
      // https://rustdesk.com/docs/en/self-host/client-deployment/
      return rustdesk(port, "/Applications/RustDesk.app/Contents/MacOS/RustDesk", "sudo ");
    case "command":
      return daemon(name, plist(name, runs.command, runs.user, {}, runs.directory), []);
    case undefined:
      return [];
    default:
      return runs satisfies never;
  }
}

/** Puts a daemon in place of the one that may be there: launchctl(1). What only the Mac knows is filled in there. */
function daemon(name: string, text: string, known: readonly string[]): string[] {
  const path = `/Library/LaunchDaemons/estate.${name}.plist`;
  const filled = known.map((pair) => ` -e "s|${pair}|"`).join("");
  return [
    `sed${filled === "" ? " -e ''" : filled} <<'END-OF-FILE' | sudo tee ${path} >/dev/null`,
    text.trimEnd(),
    "END-OF-FILE",
    `sudo launchctl bootout system/estate.${name} 2>/dev/null || true`,
    `sudo launchctl bootstrap system ${path}`,
  ];
}

/** launchd.plist(5) */
function plist(
  name: string,
  command: readonly string[],
  user: string,
  environment: Readonly<Record<string, string>>,
  directory?: string,
): string {
  const variables = Object.entries(environment);
  return lines(
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0"><dict>',
    `<key>Label</key><string>estate.${name}</string>`,
    "<key>ProgramArguments</key><array>",
    command.map((part) => `<string>${part}</string>`),
    "</array>",
    `<key>UserName</key><string>${user}</string>`,
    directory === undefined ? [] : [`<key>WorkingDirectory</key><string>${directory}</string>`],
    variables.length === 0 ? [] : ["<key>EnvironmentVariables</key><dict>"],
    variables.map(([key, value]) => `<key>${key}</key><string>${value}</string>`),
    variables.length === 0 ? [] : ["</dict>"],
    "<key>RunAtLoad</key><true/>",
    "<key>KeepAlive</key><true/>",
    "</dict></plist>",
  );
}
