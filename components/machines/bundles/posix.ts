import { type JoinPlan, upFlags } from "../../tailnet/join";
import type { BundleArgs } from "./bundle.plan";

/** Lines of shell as one text. Empty parts leave nothing behind. */
export function lines(...parts: readonly (string | readonly string[])[]): string {
  return `${parts.flat().join("\n")}\n`;
}

/** A text as one word of shell. */
export function word(text: string): string {
  return /^[\w./:=@+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** How a shell bundle begins: what it is, its check, and the end of it for whoever only wants to know. */
export function opening(args: BundleArgs, run: string): string[] {
  const { join } = args;
  return [
    "#!/bin/sh",
    `# Joins ${join.hostname} to the tailnet of ${args.loginServer}. There is a key in this file that is good once and for a short`,
    "# while: remove the file when the machine has joined.",
    `#   ${run} FILE         installs, joins, sets up what the machine runs; run again, it brings that up to date`,
    `#   ${run} FILE check   says whether the machine has joined as it is declared, and changes nothing`,
    "set -eu",
    "",
    ...check(join, args.tags),
    "",
    'if [ "${1:-join}" = check ]; then',
    "  check",
    "  exit",
    "fi",
  ];
}

/**
 * Compares what Tailscale says of itself with what is declared. Its JSON is read without a parser, which not every machine
 * has: one object, because no peers are asked for, without blanks. Fields: tailscale.com/ipn/ipnstate, Status and PeerStatus.
 */
function check({ hostname, advertises }: JoinPlan, tags: readonly string[]): string[] {
  const wanted = tags.map((tag) => `"${tag}"`).join(" ");
  return [
    "check() {",
    "  state=$(tailscale status --json --peers=false 2>/dev/null | tr -d ' \\t\\n') || state=",
    "  case $state in",
    `    *'"BackendState":"Running"'*) ;;`,
    `    *) echo "${hostname} has not joined: Tailscale does not run here, or nobody has logged it in" >&2; return 1 ;;`,
    "  esac",
    "  wrong=0",
    `  tags=$(printf '%s' "$state" | sed -n 's/.*"Tags":\\[\\([^]]*\\)\\].*/\\1/p' | tr ',' '\\n' | sort | tr '\\n' ' ')`,
    `  if [ "\${tags% }" = '${wanted}' ]; then`,
    `    echo "tags: ${tags.join(" ")}, as declared"`,
    "  else",
    `    echo "tags: \${tags:-none }instead of ${tags.join(" ")}: it joined with another key, or somebody changed them" >&2`,
    "    wrong=1",
    "  fi",
    ...advertises.flatMap((route) => [
      "  case $state in",
      `    *'"${route}"'*) echo "route: ${route}, approved" ;;`,
      `    *) echo "route: ${route} is not approved: the tailnet's policy does not let this machine route it" >&2; wrong=1 ;;`,
      "  esac",
    ]),
    '  [ "$wrong" = 0 ] || return 1',
    `  echo "${hostname} has joined as it is declared, as $(tailscale ip -4)"`,
    "}",
  ];
}

/**
 * Joins with the key, which is in a file that only root or the caller reads and that is removed however the script ends. A
 * machine that is in the tailnet already is told its settings again, without a key: a key is good once.
 *
 * @param file shell that makes the empty file and prints its path
 * @param sudo what the commands need before them
 */
export function joining(args: BundleArgs, file: string, sudo = ""): string[] {
  const { join, loginServer, authKey } = args;
  const up = (key: string | undefined): string =>
    `${sudo}tailscale up ${upFlags({ ...join, loginServer }, key).join(" ")}`;
  return [
    `key=$(${file})`,
    `trap 'rm -f "$key"' EXIT`,
    "trap 'exit 1' HUP INT TERM",
    "case $(tailscale status --json --peers=false 2>/dev/null | tr -d ' \\t\\n') in",
    `  *'"BackendState":"Running"'*) ${up(undefined)} ;;`,
    "  *)",
    "    cat >\"$key\" <<'END-OF-KEY'",
    authKey,
    "END-OF-KEY",
    `    ${up("KEY").replace("file:KEY", 'file:"$key"')}`,
    "    ;;",
    "esac",
    'rm -f "$key"',
  ];
}

/** A text in a file of the machine, by a here-document that nothing is expanded in. */
export function file(path: string, text: string): string[] {
  return [`cat >${path} <<'END-OF-FILE'`, text.trimEnd(), "END-OF-FILE"];
}

/** RustDesk answers on its direct port alone: its ID server is this machine, so it registers at no public one and no relay. */
export function rustdesk(port: number, program = "rustdesk", sudo = ""): string[] {
  // https://rustdesk.com/docs/en/self-host/client-configuration/advanced-settings/
  const options = [
    ["custom-rendezvous-server", "127.0.0.1"],
    ["direct-server", "Y"],
    ["direct-access-port", String(port)],
  ];
  return [
    `if command -v ${program} >/dev/null 2>&1; then`,
    ...options.map(([name = "", value = ""]) => `  ${sudo}${program} --option ${name} ${value}`),
    "else",
    '  echo "RustDesk is not here: install it from https://rustdesk.com/, set a permanent password in it, run this again" >&2',
    "fi",
  ];
}
