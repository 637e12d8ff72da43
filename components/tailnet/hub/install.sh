#!/bin/sh
# Installs or upgrades Headscale's package, verified by its checksum. Does nothing when the version is there already.
# usage: headscale-install VERSION ARCHITECTURE [SHA256]; without a checksum the one that the release publishes counts.
set -eu
umask 077
version=$1 architecture=$2 expected=${3:-}
release="https://github.com/juanfont/headscale/releases/download/v$version"
package="headscale_${version}_linux_$architecture.deb"

refuse() {
  echo "headscale-install: $1" >&2
  exit 1
}

actual=$(dpkg --print-architecture)
[ "$actual" = "$architecture" ] || refuse "this machine is $actual, the hub is declared as $architecture; correct the declaration"

installed=$(dpkg-query --show --showformat='${Version}' headscale 2>/dev/null || true)
[ "$installed" != "$version" ] || exit 0
if [ -n "$installed" ]; then
  # https://headscale.net/stable/setup/upgrade/: from one minor version to the next, never back.
  older=${installed#0.} newer=${version#0.}
  step=$((${newer%%.*} - ${older%%.*}))
  if [ "$step" -lt 0 ] || [ "$step" -gt 1 ] || dpkg --compare-versions "$installed" gt "$version"; then
    refuse "Headscale $installed cannot become $version: only the next minor version, or a later patch of its own, can"
  fi
  # Migrations of the database cannot be undone.
  [ ! -f /var/lib/headscale/db.sqlite ] || headscale-backup
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
curl -fsSL --retry 5 -o "$work/$package" "$release/$package"
if [ -z "$expected" ]; then
  curl -fsSL --retry 5 -o "$work/checksums.txt" "$release/checksums.txt"
  expected=$(awk -v package="$package" '$2 == package || $2 == "*" package { print $1 }' "$work/checksums.txt")
fi
found=$(sha256sum "$work/$package" | cut -d ' ' -f 1)
[ -n "$expected" ] && [ "$found" = "$expected" ] || refuse "$package has the checksum $found instead of ${expected:-one that is published}; it was not installed"
# apt reads the file as a user of its own.
chmod 0755 "$work"
chmod 0644 "$work/$package"
# The package brings a configuration of its own; ours is there first and stays.
DEBIAN_FRONTEND=noninteractive apt-get install --yes -o Dpkg::Options::=--force-confold "$work/$package"
