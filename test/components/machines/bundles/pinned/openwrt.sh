#!/bin/sh
# Joins openwrt to the tailnet of https://headscale.estate.example. There is a key in this file that is good once and for a short
# while: remove the file when the machine has joined.
#   sh FILE         installs, joins, sets up what the machine runs; run again, it brings that up to date
#   sh FILE check   says whether the machine has joined as it is declared, and changes nothing
set -eu

check() {
  state=$(tailscale status --json --peers=false 2>/dev/null | tr -d ' \t\n') || state=
  case $state in
    *'"BackendState":"Running"'*) ;;
    *) echo "openwrt has not joined: Tailscale does not run here, or nobody has logged it in" >&2; return 1 ;;
  esac
  wrong=0
  tags=$(printf '%s' "$state" | sed -n 's/.*"Tags":\[\([^]]*\)\].*/\1/p' | tr ',' '\n' | sort | tr '\n' ' ')
  if [ "${tags% }" = '"tag:field" "tag:openwrt"' ]; then
    echo "tags: tag:field tag:openwrt, as declared"
  else
    echo "tags: ${tags:-none }instead of tag:field tag:openwrt: it joined with another key, or somebody changed them" >&2
    wrong=1
  fi
  case $state in
    *'"10.42.0.0/24"'*) echo "route: 10.42.0.0/24, approved" ;;
    *) echo "route: 10.42.0.0/24 is not approved: the tailnet's policy does not let this machine route it" >&2; wrong=1 ;;
  esac
  [ "$wrong" = 0 ] || return 1
  echo "openwrt has joined as it is declared, as $(tailscale ip -4)"
}

if [ "${1:-join}" = check ]; then
  check
  exit
fi

if ! command -v tailscale >/dev/null 2>&1; then
  if command -v apk >/dev/null 2>&1; then
    apk update
    apk add tailscale
  else
    opkg update
    opkg install tailscale
  fi
fi
/etc/init.d/tailscale enable
/etc/init.d/tailscale start
uci set network.tailscale=interface
uci set network.tailscale.proto=none
uci set network.tailscale.device=tailscale0
uci set firewall.tailscale=zone
uci set firewall.tailscale.name=tailscale
uci set firewall.tailscale.network=tailscale
uci set firewall.tailscale.input=REJECT
uci set firewall.tailscale.output=ACCEPT
uci set firewall.tailscale.forward=REJECT
uci set firewall.tailscale.masq=1
uci set firewall.tailscale.mtu_fix=1
uci set firewall.tailscale_lan=forwarding
uci set firewall.tailscale_lan.src=tailscale
uci set firewall.tailscale_lan.dest=lan
uci set firewall.lan_tailscale=forwarding
uci set firewall.lan_tailscale.src=lan
uci set firewall.lan_tailscale.dest=tailscale
uci commit network
uci commit firewall
/etc/init.d/network reload
/etc/init.d/firewall restart
key=$(mktemp /tmp/tailnet-join.XXXXXX)
trap 'rm -f "$key"' EXIT
trap 'exit 1' HUP INT TERM
case $(tailscale status --json --peers=false 2>/dev/null | tr -d ' \t\n') in
  *'"BackendState":"Running"'*) tailscale up --login-server=https://headscale.estate.example --hostname=openwrt --accept-routes=false --advertise-routes=10.42.0.0/24 --timeout=120s ;;
  *)
    cat >"$key" <<'END-OF-KEY'
KEY
END-OF-KEY
    tailscale up --login-server=https://headscale.estate.example --auth-key=file:"$key" --hostname=openwrt --accept-routes=false --advertise-routes=10.42.0.0/24 --timeout=120s
    ;;
esac
rm -f "$key"
check
