#!/bin/sh
# Joins macos to the tailnet of https://headscale.estate.example. There is a key in this file that is good once and for a short
# while: remove the file when the machine has joined.
#   sh FILE         installs, joins, sets up what the machine runs; run again, it brings that up to date
#   sh FILE check   says whether the machine has joined as it is declared, and changes nothing
set -eu

check() {
  state=$(tailscale status --json --peers=false 2>/dev/null | tr -d ' \t\n') || state=
  case $state in
    *'"BackendState":"Running"'*) ;;
    *) echo "macos has not joined: Tailscale does not run here, or nobody has logged it in" >&2; return 1 ;;
  esac
  wrong=0
  tags=$(printf '%s' "$state" | sed -n 's/.*"Tags":\[\([^]]*\)\].*/\1/p' | tr ',' '\n' | sort | tr '\n' ' ')
  if [ "${tags% }" = '"tag:gpu" "tag:macos"' ]; then
    echo "tags: tag:gpu tag:macos, as declared"
  else
    echo "tags: ${tags:-none }instead of tag:gpu tag:macos: it joined with another key, or somebody changed them" >&2
    wrong=1
  fi
  [ "$wrong" = 0 ] || return 1
  echo "macos has joined as it is declared, as $(tailscale ip -4)"
}

if [ "${1:-join}" = check ]; then
  check
  exit
fi

[ "$(id -u)" != 0 ] || { echo "run this as an administrator of the Mac, without sudo: Homebrew refuses root" >&2; exit 1; }
command -v brew >/dev/null 2>&1 || { echo "install Homebrew by https://brew.sh, then run this again" >&2; exit 1; }
command -v tailscale >/dev/null 2>&1 || brew install --formula tailscale
if [ ! -e /Library/LaunchDaemons/com.tailscale.tailscaled.plist ]; then
  sudo "$(brew --prefix)/bin/tailscaled" install-system-daemon
fi
key=$(mktemp -t tailnet-join)
trap 'rm -f "$key"' EXIT
trap 'exit 1' HUP INT TERM
case $(tailscale status --json --peers=false 2>/dev/null | tr -d ' \t\n') in
  *'"BackendState":"Running"'*) sudo tailscale up --login-server=https://headscale.estate.example --hostname=macos --accept-routes=true --timeout=120s ;;
  *)
    cat >"$key" <<'END-OF-KEY'
KEY
END-OF-KEY
    sudo tailscale up --login-server=https://headscale.estate.example --auth-key=file:"$key" --hostname=macos --accept-routes=true --timeout=120s
    ;;
esac
rm -f "$key"
command -v ollama >/dev/null 2>&1 || brew install ollama
address="$(tailscale ip -4)"
sed -e "s|@OLLAMA@|$(command -v ollama)|" -e "s|@USER@|$(id -un)|" -e "s|@ADDRESS@|$address|" <<'END-OF-FILE' | sudo tee /Library/LaunchDaemons/estate.api.plist >/dev/null
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key><string>estate.api</string>
<key>ProgramArguments</key><array>
<string>@OLLAMA@</string>
<string>serve</string>
</array>
<key>UserName</key><string>@USER@</string>
<key>EnvironmentVariables</key><dict>
<key>OLLAMA_HOST</key><string>@ADDRESS@:11434</string>
</dict>
<key>RunAtLoad</key><true/>
<key>KeepAlive</key><true/>
</dict></plist>
END-OF-FILE
sudo launchctl bootout system/estate.api 2>/dev/null || true
sudo launchctl bootstrap system /Library/LaunchDaemons/estate.api.plist
export OLLAMA_HOST="$address:11434"
tries=0
until ollama list >/dev/null 2>&1 || [ "$tries" = 30 ]; do tries=$((tries + 1)); sleep 1; done
ollama pull llama3.2:3b
if command -v /Applications/RustDesk.app/Contents/MacOS/RustDesk >/dev/null 2>&1; then
  sudo /Applications/RustDesk.app/Contents/MacOS/RustDesk --option custom-rendezvous-server 127.0.0.1
  sudo /Applications/RustDesk.app/Contents/MacOS/RustDesk --option direct-server Y
  sudo /Applications/RustDesk.app/Contents/MacOS/RustDesk --option direct-access-port 21118
else
  echo "RustDesk is not here: install it from https://rustdesk.com/, set a permanent password in it, run this again" >&2
fi
sed -e '' <<'END-OF-FILE' | sudo tee /Library/LaunchDaemons/estate.ingest.plist >/dev/null
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key><string>estate.ingest</string>
<key>ProgramArguments</key><array>
<string>/opt/ingest/ingest</string>
<string>--port</string>
<string>8000</string>
</array>
<key>UserName</key><string>ingest</string>
<key>WorkingDirectory</key><string>/opt/ingest</string>
<key>RunAtLoad</key><true/>
<key>KeepAlive</key><true/>
</dict></plist>
END-OF-FILE
sudo launchctl bootout system/estate.ingest 2>/dev/null || true
sudo launchctl bootstrap system /Library/LaunchDaemons/estate.ingest.plist
check
