# Brings a hub to what was declared. What precedes this sets version, architecture and checksum and defines files(),
# which hands every file to put().
config=/etc/headscale/config.yaml
# Gone with a reboot, after which the server has read everything anew.
mark=/run/estate-headscale-restart

# put PATH MODE OWNER RESTART: writes standard input where it differs; RESTART is yes when the server reads the file
# once only.
put() {
  mkdir -p "$(dirname "$1")"
  umask 077
  cat >"$1.next"
  umask 022
  chmod "$2" "$1.next"
  chown "$3" "$1.next"
  if cmp -s "$1.next" "$1"; then
    mv "$1.next" "$1"
    return 0
  fi
  if [ "$4" = yes ]; then : >"$mark"; fi
  if [ "$1" = "$config" ] && [ -f "$config" ] && [ ! -f "$config.working" ]; then cp -p "$config" "$config.working"; fi
  mv "$1.next" "$1"
}

# Whatever runs this by mistake on a machine without systemd keeps its files.
require_systemd() {
  state=$(systemctl is-system-running 2>/dev/null || true)
  case $state in
    initializing | starting | running | degraded | maintenance) ;;
    *)
      echo "systemd does not run here (${state:-no answer}): a hub needs Debian 12, Ubuntu 22.04 or newer" >&2
      return 1
      ;;
  esac
}

packages() {
  missing=''
  for tool in curl sqlite3; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
  done
  if [ -n "$missing" ]; then
    apt-get update
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install --yes ca-certificates $missing
  fi
}

installed() { dpkg-query --show --showformat='${Version}' headscale 2>/dev/null || true; }

# A configuration that the server refuses must not stop one that runs.
restart_if_needed() {
  if [ -f "$mark" ]; then
    if ! runuser -u headscale -- headscale configtest; then
      echo "Headscale refuses the configuration (above); the server was not restarted" >&2
      if [ -f "$config.working" ]; then
        mv "$config.working" "$config"
        echo "The configuration before is back in place" >&2
      fi
      return 1
    fi
    systemctl restart headscale
  fi
  tries=30
  until headscale health >/dev/null 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" -le 0 ]; then
      echo "Headscale does not answer within a minute: journalctl -u headscale says why" >&2
      return 1
    fi
    sleep 2
  done
  rm -f "$mark" "$config.working"
}

main() {
  require_systemd
  # On a first boot cloud-init still installs packages, and the two would collide.
  if command -v cloud-init >/dev/null; then timeout 900 cloud-init status --wait >/dev/null 2>&1 || true; fi
  packages
  getent group headscale >/dev/null || groupadd --system headscale
  before=$(installed)
  files
  headscale-install "$version" "$architecture" "$checksum"
  # A new package starts the server with the files that are there now. A test of them beside its first start would
  # collide with it: both make keys and database.
  [ "$before" = "$(installed)" ] || rm -f "$mark"
  systemctl daemon-reload
  systemctl enable --now headscale headscale-backup.timer
  restart_if_needed
}

# As a function, so that the whole script has been read before anything can take it for its standard input.
main </dev/null
