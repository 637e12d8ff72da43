param([ValidateSet('join', 'check')][string]$Do = 'join')
#Requires -RunAsAdministrator
# Joins windows to the tailnet of https://headscale.estate.example. There is a key in this file that is good once and for a short
# while: remove the file when the machine has joined.
#   powershell -ExecutionPolicy Bypass -File FILE         installs, joins, sets up what the machine runs
#   powershell -ExecutionPolicy Bypass -File FILE check   says whether it has joined as declared, and changes nothing
$ErrorActionPreference = 'Stop'
$tailscale = Join-Path $env:ProgramFiles 'Tailscale\tailscale.exe'

function Get-State {
  if (-not (Test-Path $tailscale)) { return @{ BackendState = 'not installed' } }
  $said = & $tailscale status --json --peers=false | Out-String
  if ($said.Trim() -eq '') { return @{ BackendState = 'not running' } }
  return ConvertFrom-Json $said
}
function Test-Joined {
  $state = Get-State
  if ($state.BackendState -ne 'Running') {
    Write-Warning 'windows has not joined: Tailscale does not run here, or nobody has logged it in'
    return $false
  }
  $right = $true
  $tags = (@($state.Self.Tags) | Sort-Object) -join ' '
  if ($tags -eq 'tag:gpu tag:windows') {
    Write-Host "tags: $tags, as declared"
  } else {
    Write-Warning "tags: $tags instead of tag:gpu tag:windows: it joined with another key, or somebody changed them"
    $right = $false
  }
  if ($right) { Write-Host "windows has joined as it is declared, as $(& $tailscale ip -4)" }
  return $right
}

if ($Do -eq 'check') { if (Test-Joined) { exit 0 } else { exit 1 } }
if (-not (Test-Path $tailscale)) {
  $architecture = if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64') { 'arm64' } else { 'amd64' }
  $msi = Join-Path $env:TEMP 'tailscale-setup.msi'
  [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
  $source = "https://pkgs.tailscale.com/stable/tailscale-setup-latest-$architecture.msi"
  Invoke-WebRequest -UseBasicParsing -Uri $source -OutFile $msi
  $signature = Get-AuthenticodeSignature $msi
  if ($signature.Status -ne 'Valid') { throw "the installer's signature is not valid: $($signature.Status)" }
  $setup = Start-Process msiexec.exe -Wait -PassThru -ArgumentList '/i', "`"$msi`"", '/quiet', '/norestart'
  if ($setup.ExitCode -notin 0, 3010) { throw "the installer ended with $($setup.ExitCode)" }
  Remove-Item $msi
}
if ((Get-State).BackendState -eq 'Running') {
  & $tailscale up @('--login-server=https://headscale.estate.example', '--hostname=windows', '--accept-routes=true', '--timeout=120s', '--unattended')
} else {
  $key = [IO.Path]::GetTempFileName()
  try {
    # S-1-5-32-544 are the administrators, S-1-5-18 is the system, whatever Windows calls them in its language.
    & icacls.exe $key /inheritance:r /grant:r '*S-1-5-32-544:F' '*S-1-5-18:F' | Out-Null
    [IO.File]::WriteAllText($key, 'KEY')
    & $tailscale up @('--login-server=https://headscale.estate.example', "--auth-key=file:$key", '--hostname=windows', '--accept-routes=true', '--timeout=120s', '--unattended')
  } finally {
    Remove-Item -Force $key
  }
}
if ($LASTEXITCODE -ne 0) { throw 'tailscale up did not succeed; what it said is above' }
Get-NetFirewallRule -Name 'estate-api' -ErrorAction SilentlyContinue | Remove-NetFirewallRule
New-NetFirewallRule -Name 'estate-api' -DisplayName 'api, from the tailnet' -Direction Inbound -Action Allow -Protocol TCP -LocalPort 11434 -RemoteAddress 100.64.0.0/10 | Out-Null
$folder = Join-Path $env:ProgramFiles 'estate-ollama'
$ollama = Join-Path $folder 'ollama.exe'
if (-not (Test-Path $ollama)) {
  $archive = Join-Path $env:TEMP 'ollama-windows-amd64.zip'
  $source = 'https://github.com/ollama/ollama/releases/latest/download/ollama-windows-amd64.zip'
  Invoke-WebRequest -UseBasicParsing -Uri $source -OutFile $archive
  Expand-Archive -Force -Path $archive -DestinationPath $folder
  Remove-Item $archive
}
$env:OLLAMA_HOST = "$(& $tailscale ip -4):11434"
$models = Join-Path $env:ProgramData 'estate-ollama'
New-Item -ItemType Directory -Force -Path $models | Out-Null
& icacls.exe $models /grant '*S-1-5-19:(OI)(CI)M' | Out-Null
$serve = "`$env:OLLAMA_HOST = '$env:OLLAMA_HOST'; `$env:OLLAMA_MODELS = '$models'; & '$ollama' serve"
$action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -Command `"$serve`""
$trigger = New-ScheduledTaskTrigger -AtStartup
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit 0 -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
$principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-19' -LogonType ServiceAccount
Register-ScheduledTask -Force -TaskName 'estate-api' -Action $action -Trigger $trigger -Settings $settings -Principal $principal | Out-Null
Stop-ScheduledTask -TaskName 'estate-api'
Start-ScheduledTask -TaskName 'estate-api'
Start-Sleep -Seconds 10
& $ollama pull 'llama3.2:3b'
Get-NetFirewallRule -Name 'estate-desktop' -ErrorAction SilentlyContinue | Remove-NetFirewallRule
New-NetFirewallRule -Name 'estate-desktop' -DisplayName 'desktop, from the tailnet' -Direction Inbound -Action Allow -Protocol TCP -LocalPort 21118 -RemoteAddress 100.64.0.0/10 | Out-Null
$rustdesk = Join-Path $env:ProgramFiles 'RustDesk\rustdesk.exe'
if (Test-Path $rustdesk) {
  # https://rustdesk.com/docs/en/self-host/client-configuration/advanced-settings/ : its ID server is this machine, so it
  # registers at no public one and no relay.
  & $rustdesk --option custom-rendezvous-server 127.0.0.1
  & $rustdesk --option direct-server Y
  & $rustdesk --option direct-access-port 21118
} else {
  Write-Warning 'RustDesk is not here: install it from https://rustdesk.com/, set a permanent password in it, run this again'
}
Get-NetFirewallRule -Name 'estate-dns' -ErrorAction SilentlyContinue | Remove-NetFirewallRule
New-NetFirewallRule -Name 'estate-dns' -DisplayName 'dns, from the tailnet' -Direction Inbound -Action Allow -Protocol UDP -LocalPort 53 -RemoteAddress 100.64.0.0/10 | Out-Null
Get-NetFirewallRule -Name 'estate-ingest' -ErrorAction SilentlyContinue | Remove-NetFirewallRule
New-NetFirewallRule -Name 'estate-ingest' -DisplayName 'ingest, from the tailnet' -Direction Inbound -Action Allow -Protocol TCP -LocalPort 8000 -RemoteAddress 100.64.0.0/10 | Out-Null
$action = New-ScheduledTaskAction -Execute 'C:\ingest\ingest.exe' -Argument '--name "the ingest"' -WorkingDirectory 'C:\ingest'
$trigger = New-ScheduledTaskTrigger -AtStartup
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit 0 -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
$principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-19' -LogonType ServiceAccount
Register-ScheduledTask -Force -TaskName 'estate-ingest' -Action $action -Trigger $trigger -Settings $settings -Principal $principal | Out-Null
Stop-ScheduledTask -TaskName 'estate-ingest'
Start-ScheduledTask -TaskName 'estate-ingest'
if (-not (Test-Joined)) { exit 1 }
