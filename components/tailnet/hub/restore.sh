#!/bin/sh
# Restores a backup of headscale-backup. Without --apply it only says what would happen.
set -eu
umask 077
: "${HEADSCALE_STATE:=/var/lib/headscale}"

usage() {
  cat <<'END'
usage: headscale-restore [--apply] [--lose-nodes] FILE
  FILE          a backup: /var/backups/headscale/headscale-....tar.gz
  --apply       do it; without it nothing is changed
  --lose-nodes  also when nodes that joined after the backup would have to join again
END
}

apply=no lose=no file=
for argument in "$@"; do
  case $argument in
    --apply) apply=yes ;;
    --lose-nodes) lose=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) if [ -n "$file" ]; then usage >&2; exit 2; fi; file=$argument ;;
  esac
done
if [ -z "$file" ]; then usage >&2; exit 2; fi

refuse() {
  echo "headscale-restore: $1; nothing was changed" >&2
  exit 1
}
count() { sqlite3 "$1" "SELECT count(*) FROM $2"; }
# Nodes with the machine key that each is known by.
nodes() { sqlite3 "$1" "SELECT machine_key || ' ' || given_name FROM nodes WHERE deleted_at IS NULL"; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xzf "$file" -C "$work" --strip-components=1 --no-same-owner 2>/dev/null || refuse "$file cannot be read as a backup"
for part in db.sqlite noise_private.key derp_server_private.key SHA256SUMS; do
  [ -f "$work/$part" ] || refuse "$file has no $part"
done
(cd "$work" && sha256sum --check --quiet --strict SHA256SUMS >/dev/null 2>&1) || refuse "$file is damaged: a checksum differs"
[ "$(sqlite3 "$work/db.sqlite" "PRAGMA integrity_check")" = ok ] || refuse "the database in $file is damaged"
rm -f "$work/db.sqlite-wal" "$work/db.sqlite-shm"

echo "backup:   $file"
echo "holds:    $(count "$work/db.sqlite" "users WHERE deleted_at IS NULL") users," \
  "$(count "$work/db.sqlite" "nodes WHERE deleted_at IS NULL") nodes," \
  "$(count "$work/db.sqlite" policies) policies, $(count "$work/db.sqlite" api_keys) API keys"

lost=
if [ -f "$HEADSCALE_STATE/db.sqlite" ]; then
  nodes "$work/db.sqlite" >"$work/.then"
  # A present database that cannot be read is a reason to restore, not an obstacle.
  if nodes "$HEADSCALE_STATE/db.sqlite" >"$work/.now" 2>/dev/null; then
    lost=$(awk 'FILENAME == ARGV[1] { known[$1]; next } !($1 in known) { print $2 }' "$work/.then" "$work/.now")
  else
    echo "present:  a database that cannot be read"
  fi
fi
if [ -f "$HEADSCALE_STATE/noise_private.key" ] && ! cmp -s "$HEADSCALE_STATE/noise_private.key" "$work/noise_private.key"; then
  echo "noise key: another one than the hub has now; nodes that talked to that one need tailscaled restarted"
fi
if [ -n "$lost" ]; then
  echo "lost:     nodes that joined after the backup and would have to join again:"
  echo "$lost" | sed 's/^/            /'
  if [ "$lose" = no ]; then refuse "nodes would be lost; add --lose-nodes to accept that"; fi
fi
if [ "$apply" = no ]; then
  echo "dry run:  nothing was changed; add --apply to restore"
  exit 0
fi

systemctl stop headscale
aside="$HEADSCALE_STATE.before-$(date --utc +%Y-%m-%dT%H-%M-%SZ)"
mkdir -p "$HEADSCALE_STATE" "$aside"
chown --reference="$HEADSCALE_STATE" "$aside"
# The folder itself stays: systemd and its permissions belong to it.
find "$HEADSCALE_STATE" -mindepth 1 -maxdepth 1 -exec mv -t "$aside" {} +
for part in db.sqlite noise_private.key derp_server_private.key estate-api-keys cache; do
  if [ -e "$work/$part" ]; then
    cp -R "$work/$part" "$HEADSCALE_STATE/"
    chown -R --reference="$HEADSCALE_STATE" "$HEADSCALE_STATE/$part"
  fi
done
systemctl start headscale
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
  if headscale health >/dev/null 2>&1; then
    echo "restored: Headscale runs; the state before is in $aside"
    exit 0
  fi
  sleep 1
done
echo "headscale-restore: Headscale does not answer after the restore (journalctl -u headscale)." >&2
echo "  To go back: systemctl stop headscale, put the files in $aside back into $HEADSCALE_STATE, start it." >&2
exit 1
