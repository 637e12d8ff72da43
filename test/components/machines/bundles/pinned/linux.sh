#!/bin/sh
# Joins linux to the tailnet of https://headscale.estate.example. There is a key in this file that is good once and for a short
# while: remove the file when the machine has joined.
#   sudo sh FILE         installs, joins, sets up what the machine runs; run again, it brings that up to date
#   sudo sh FILE check   says whether the machine has joined as it is declared, and changes nothing
set -eu

check() {
  state=$(tailscale status --json --peers=false 2>/dev/null | tr -d ' \t\n') || state=
  case $state in
    *'"BackendState":"Running"'*) ;;
    *) echo "linux has not joined: Tailscale does not run here, or nobody has logged it in" >&2; return 1 ;;
  esac
  wrong=0
  tags=$(printf '%s' "$state" | sed -n 's/.*"Tags":\[\([^]]*\)\].*/\1/p' | tr ',' '\n' | sort | tr '\n' ' ')
  if [ "${tags% }" = '"tag:gpu" "tag:linux"' ]; then
    echo "tags: tag:gpu tag:linux, as declared"
  else
    echo "tags: ${tags:-none }instead of tag:gpu tag:linux: it joined with another key, or somebody changed them" >&2
    wrong=1
  fi
  case $state in
    *'"10.44.0.0/16"'*) echo "route: 10.44.0.0/16, approved" ;;
    *) echo "route: 10.44.0.0/16 is not approved: the tailnet's policy does not let this machine route it" >&2; wrong=1 ;;
  esac
  [ "$wrong" = 0 ] || return 1
  echo "linux has joined as it is declared, as $(tailscale ip -4)"
}

if [ "${1:-join}" = check ]; then
  check
  exit
fi

[ "$(id -u)" = 0 ] || { echo "run this with sudo" >&2; exit 1; }
if ! command -v tailscale >/dev/null 2>&1; then
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "no apt here: install Tailscale by https://tailscale.com/download/linux, then run this again" >&2
    exit 1
  fi
  . /etc/os-release
  repository="https://pkgs.tailscale.com/stable/$ID/$VERSION_CODENAME"
  curl -fsSL --retry 5 "$repository.noarmor.gpg" -o /usr/share/keyrings/tailscale-archive-keyring.gpg
  curl -fsSL --retry 5 "$repository.tailscale-keyring.list" -o /etc/apt/sources.list.d/tailscale.list
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get install --yes tailscale
fi
cat >/etc/sysctl.d/99-tailnet.conf <<'END-OF-FILE'
net.ipv4.ip_forward = 1
net.ipv6.conf.all.forwarding = 1
END-OF-FILE
sysctl --system
key=$(mktemp /run/tailnet-join.XXXXXX)
trap 'rm -f "$key"' EXIT
trap 'exit 1' HUP INT TERM
case $(tailscale status --json --peers=false 2>/dev/null | tr -d ' \t\n') in
  *'"BackendState":"Running"'*) tailscale up --login-server=https://headscale.estate.example --hostname=linux --accept-routes=false --advertise-routes=10.44.0.0/16 --timeout=120s ;;
  *)
    cat >"$key" <<'END-OF-KEY'
KEY
END-OF-KEY
    tailscale up --login-server=https://headscale.estate.example --auth-key=file:"$key" --hostname=linux --accept-routes=false --advertise-routes=10.44.0.0/16 --timeout=120s
    ;;
esac
rm -f "$key"
command -v ollama >/dev/null 2>&1 || curl -fsSL https://ollama.com/install.sh | sh
address="$(tailscale ip -4)"
mkdir -p /etc/systemd/system/ollama.service.d
cat >/etc/systemd/system/ollama.service.d/estate.conf <<END-OF-FILE
[Unit]
After=tailscaled.service

[Service]
Environment="OLLAMA_HOST=$address:11434"
END-OF-FILE
systemctl daemon-reload
systemctl enable ollama
systemctl restart ollama
export OLLAMA_HOST="$address:11434"
tries=0
until ollama list >/dev/null 2>&1 || [ "$tries" = 30 ]; do tries=$((tries + 1)); sleep 1; done
ollama pull llama3.2:3b
if command -v rustdesk >/dev/null 2>&1; then
  rustdesk --option custom-rendezvous-server 127.0.0.1
  rustdesk --option direct-server Y
  rustdesk --option direct-access-port 21118
else
  echo "RustDesk is not here: install it from https://rustdesk.com/, set a permanent password in it, run this again" >&2
fi
cat >/etc/systemd/system/estate-ingest.service <<'END-OF-FILE'
[Unit]
Description=ingest, declared by the estate
After=network-online.target tailscaled.service
Wants=network-online.target

[Service]
ExecStart="/opt/ingest/ingest" "--port" "8000"
WorkingDirectory=/opt/ingest
User=ingest
Restart=always
RestartSec=5
NoNewPrivileges=true

[Install]
WantedBy=multi-user.target
END-OF-FILE
systemctl daemon-reload
systemctl enable estate-ingest
systemctl restart estate-ingest
check
