#!/bin/sh
# Backs up Headscale while it runs: one archive with the database (users, nodes, keys, policy), the noise and relay
# keys, the certificate of Let's Encrypt, the list of the estate's API keys and the configuration. Whoever has the
# archive is the hub.
#
# SQLite's own copy is used, because a file copy of a database in use may be torn: https://www.sqlite.org/cli.html
# (".backup")
set -eu
umask 077
: "${HEADSCALE_STATE:=/var/lib/headscale}"
: "${HEADSCALE_SETTINGS:=/etc/headscale}"
: "${HEADSCALE_BACKUPS:=/var/backups/headscale}"
: "${HEADSCALE_BACKUP_DAYS:=14}"

name="headscale-$(date --utc +%Y-%m-%dT%H-%M-%SZ)"
mkdir -p "$HEADSCALE_BACKUPS"
chmod 0700 "$HEADSCALE_BACKUPS"
work=$(mktemp -d "$HEADSCALE_BACKUPS/.partial-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/$name"

sqlite3 -cmd ".timeout 30000" "$HEADSCALE_STATE/db.sqlite" ".backup '$work/$name/db.sqlite'"
check=$(sqlite3 "$work/$name/db.sqlite" "PRAGMA integrity_check")
if [ "$check" != ok ]; then
  echo "headscale-backup: the copy of the database is damaged, no backup was made: $check" >&2
  exit 1
fi
# What SQLite may leave beside a database that was opened.
rm -f "$work/$name/db.sqlite-wal" "$work/$name/db.sqlite-shm"
cp "$HEADSCALE_STATE/noise_private.key" "$HEADSCALE_STATE/derp_server_private.key" "$work/$name/"
for optional in "$HEADSCALE_STATE/estate-api-keys" "$HEADSCALE_STATE/cache" \
  "$HEADSCALE_SETTINGS/config.yaml" "$HEADSCALE_SETTINGS/extra-records.json"; do
  if [ -e "$optional" ]; then cp -R "$optional" "$work/$name/"; fi
done
(cd "$work/$name" && find . -type f ! -name SHA256SUMS -exec sha256sum {} + >SHA256SUMS)

tar -czf "$work/$name.tar.gz" -C "$work" "$name"
mv "$work/$name.tar.gz" "$HEADSCALE_BACKUPS/$name.tar.gz"
# Only now, so that old backups stay while new ones fail.
find "$HEADSCALE_BACKUPS" -maxdepth 1 -name 'headscale-*.tar.gz' -mtime "+$HEADSCALE_BACKUP_DAYS" -delete
echo "$HEADSCALE_BACKUPS/$name.tar.gz"
