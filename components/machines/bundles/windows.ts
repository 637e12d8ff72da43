import { upFlags } from "../../tailnet/join";
import type { BundleArgs, BundleService } from "./bundle.plan";

/**
 * Windows 10 or later, PowerShell 5.1 in a window "as administrator". Tailscale by its MSI
 * (https://tailscale.com/kb/1189/install-windows-msi) in unattended mode, so that it serves while nobody is logged in
 * (https://tailscale.com/kb/1088/run-unattended).
 *
 * Windows shows a process's command line to administrators and to its own user, so the key is not on one either: it is in a
 * file whose list of rights names administrators and the system alone, and that is removed at the end.
 */
export function windowsBundle(args: BundleArgs): string {
  const { join, loginServer, services } = args;
  return [
    "param([ValidateSet('join', 'check')][string]$Do = 'join')",
    "#Requires -RunAsAdministrator",
    `# Joins ${join.hostname} to the tailnet of ${loginServer}. There is a key in this file that is good once and for a short`,
    "# while: remove the file when the machine has joined.",
    "#   powershell -ExecutionPolicy Bypass -File FILE         installs, joins, sets up what the machine runs",
    "#   powershell -ExecutionPolicy Bypass -File FILE check   says whether it has joined as declared, and changes nothing",
    "$ErrorActionPreference = 'Stop'",
    "$tailscale = Join-Path $env:ProgramFiles 'Tailscale\\tailscale.exe'",
    "",
    ...check(args),
    "",
    "if ($Do -eq 'check') { if (Test-Joined) { exit 0 } else { exit 1 } }",
    ...install,
    ...joining(args),
    ...services.flatMap((service) => [...firewall(service), ...run(service)]),
    "if (-not (Test-Joined)) { exit 1 }",
    "",
  ].join("\r\n");
}

/** The key is a file's, and the file is gone when this ends. A machine that has joined is told its settings again, without. */
function joining({ join, loginServer, authKey }: BundleArgs): string[] {
  const flags = (key: string | undefined): string =>
    [...upFlags({ ...join, loginServer }, key), "--unattended"].map((flag) => `'${flag}'`).join(", ");
  return [
    "if ((Get-State).BackendState -eq 'Running') {",
    `  & $tailscale up @(${flags(undefined)})`,
    "} else {",
    "  $key = [IO.Path]::GetTempFileName()",
    "  try {",
    "    # S-1-5-32-544 are the administrators, S-1-5-18 is the system, whatever Windows calls them in its language.",
    "    & icacls.exe $key /inheritance:r /grant:r '*S-1-5-32-544:F' '*S-1-5-18:F' | Out-Null",
    `    [IO.File]::WriteAllText($key, ${quoted(authKey)})`,
    `    & $tailscale up @(${flags("KEY").replace("'--auth-key=file:KEY'", '"--auth-key=file:$key"')})`,
    "  } finally {",
    "    Remove-Item -Force $key",
    "  }",
    "}",
    "if ($LASTEXITCODE -ne 0) { throw 'tailscale up did not succeed; what it said is above' }",
  ];
}

const install: readonly string[] = [
  "if (-not (Test-Path $tailscale)) {",
  "  $architecture = if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64') { 'arm64' } else { 'amd64' }",
  "  $msi = Join-Path $env:TEMP 'tailscale-setup.msi'",
  "  [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12",
  '  $source = "https://pkgs.tailscale.com/stable/tailscale-setup-latest-$architecture.msi"',
  "  Invoke-WebRequest -UseBasicParsing -Uri $source -OutFile $msi",
  "  $signature = Get-AuthenticodeSignature $msi",
  "  if ($signature.Status -ne 'Valid') { throw \"the installer's signature is not valid: $($signature.Status)\" }",
  "  $setup = Start-Process msiexec.exe -Wait -PassThru -ArgumentList '/i', \"`\"$msi`\"\", '/quiet', '/norestart'",
  '  if ($setup.ExitCode -notin 0, 3010) { throw "the installer ended with $($setup.ExitCode)" }',
  "  Remove-Item $msi",
  "}",
];

/** A text as PowerShell takes it literally. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** What Tailscale says of itself, against what is declared: tailscale.com/ipn/ipnstate, Status and PeerStatus. */
function check({ join: { hostname, advertises }, tags }: BundleArgs): string[] {
  return [
    "function Get-State {",
    "  if (-not (Test-Path $tailscale)) { return @{ BackendState = 'not installed' } }",
    "  $said = & $tailscale status --json --peers=false | Out-String",
    "  if ($said.Trim() -eq '') { return @{ BackendState = 'not running' } }",
    "  return ConvertFrom-Json $said",
    "}",
    "function Test-Joined {",
    "  $state = Get-State",
    "  if ($state.BackendState -ne 'Running') {",
    `    Write-Warning '${hostname} has not joined: Tailscale does not run here, or nobody has logged it in'`,
    "    return $false",
    "  }",
    "  $right = $true",
    "  $tags = (@($state.Self.Tags) | Sort-Object) -join ' '",
    `  if ($tags -eq '${tags.join(" ")}') {`,
    '    Write-Host "tags: $tags, as declared"',
    "  } else {",
    `    Write-Warning "tags: $tags instead of ${tags.join(" ")}: it joined with another key, or somebody changed them"`,
    "    $right = $false",
    "  }",
    ...advertises.flatMap((route) => [
      `  if (@($state.Self.AllowedIPs) -contains '${route}') {`,
      `    Write-Host 'route: ${route}, approved'`,
      "  } else {",
      `    Write-Warning "route: ${route} is not approved: the tailnet's policy does not let this machine route it"`,
      "    $right = $false",
      "  }",
    ]),
    `  if ($right) { Write-Host "${hostname} has joined as it is declared, as $(& $tailscale ip -4)" }`,
    "  return $right",
    "}",
  ];
}

/** Windows lets nothing in by itself. 100.64.0.0/10 is the tailnet: https://tailscale.com/kb/1015/100.x-addresses */
function firewall({ name, port, protocol }: BundleService): string[] {
  const rule = `estate-${name}`;
  return [
    `Get-NetFirewallRule -Name '${rule}' -ErrorAction SilentlyContinue | Remove-NetFirewallRule`,
    `New-NetFirewallRule -Name '${rule}' -DisplayName '${name}, from the tailnet' -Direction Inbound -Action Allow ` +
      `-Protocol ${protocol.toUpperCase()} -LocalPort ${String(port)} -RemoteAddress 100.64.0.0/10 | Out-Null`,
  ];
}

function run({ name, port, runs }: BundleService): string[] {
  switch (runs?.kind) {
    case "ollama":
      return [...ollama(name, port), ...pulls(runs.models)];
    case "rustdesk":
      return rustdesk(port);
    case "command": {
      const [program = "", ...rest] = runs.command;
      const words = rest.map((part) => (part.includes(" ") ? `"${part}"` : part)).join(" ");
      const argument = words === "" ? "" : ` -Argument '${words}'`;
      return [
        `$action = New-ScheduledTaskAction -Execute '${program}'${argument} -WorkingDirectory '${runs.directory}'`,
        ...task(name),
      ];
    }
    case undefined:
      return [];
    default:
      return runs satisfies never;
  }
}

/**
 * A program that is no Windows service cannot be made one without a third party's wrapper. A task at startup is what Windows
 * itself has for it: https://learn.microsoft.com/powershell/module/scheduledtasks
 */
function task(name: string): string[] {
  return [
    "$trigger = New-ScheduledTaskTrigger -AtStartup",
    "$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit 0 -RestartCount 999 " +
      "-RestartInterval (New-TimeSpan -Minutes 1) -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries",
    "$principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-19' -LogonType ServiceAccount",
    `Register-ScheduledTask -Force -TaskName 'estate-${name}' -Action $action -Trigger $trigger ` +
      "-Settings $settings -Principal $principal | Out-Null",
    `Stop-ScheduledTask -TaskName 'estate-${name}'`,
    `Start-ScheduledTask -TaskName 'estate-${name}'`,
  ];
}

/** The archive that Ollama publishes for use as a service (its docs/windows.md), where LocalService may read and not write. */
function ollama(name: string, port: number): string[] {
  return [
    "$folder = Join-Path $env:ProgramFiles 'estate-ollama'",
    "$ollama = Join-Path $folder 'ollama.exe'",
    "if (-not (Test-Path $ollama)) {",
    "  $archive = Join-Path $env:TEMP 'ollama-windows-amd64.zip'",
    "  $source = 'https://github.com/ollama/ollama/releases/latest/download/ollama-windows-amd64.zip'",
    "  Invoke-WebRequest -UseBasicParsing -Uri $source -OutFile $archive",
    "  Expand-Archive -Force -Path $archive -DestinationPath $folder",
    "  Remove-Item $archive",
    "}",
    `$env:OLLAMA_HOST = "$(& $tailscale ip -4):${String(port)}"`,
    "$models = Join-Path $env:ProgramData 'estate-ollama'",
    "New-Item -ItemType Directory -Force -Path $models | Out-Null",
    "& icacls.exe $models /grant '*S-1-5-19:(OI)(CI)M' | Out-Null",
    "$serve = \"`$env:OLLAMA_HOST = '$env:OLLAMA_HOST'; `$env:OLLAMA_MODELS = '$models'; & '$ollama' serve\"",
    '$action = New-ScheduledTaskAction -Execute \'powershell.exe\' -Argument "-NoProfile -Command `"$serve`""',
    ...task(name),
  ];
}

/** The server answers a moment after its task was started. */
function pulls(models: readonly string[]): string[] {
  return models.length === 0 ? [] : ["Start-Sleep -Seconds 10", ...models.map((model) => `& $ollama pull '${model}'`)];
}

function rustdesk(port: number): string[] {
  return [
    "$rustdesk = Join-Path $env:ProgramFiles 'RustDesk\\rustdesk.exe'",
    "if (Test-Path $rustdesk) {",
    "  # https://rustdesk.com/docs/en/self-host/client-configuration/advanced-settings/ : its ID server is this machine, so it",
    "  # registers at no public one and no relay.",
    "  & $rustdesk --option custom-rendezvous-server 127.0.0.1",
    "  & $rustdesk --option direct-server Y",
    `  & $rustdesk --option direct-access-port ${String(port)}`,
    "} else {",
    "  Write-Warning 'RustDesk is not here: install it from https://rustdesk.com/, set a permanent password in it, run this again'",
    "}",
  ];
}
