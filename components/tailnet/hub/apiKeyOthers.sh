# Expires every API key that the estate minted on this hub but the one in use, whose public prefix precedes this as
# $keep.
set -eu
umask 077
: "${HEADSCALE_STATE:=/var/lib/headscale}"

main() {
  list="$HEADSCALE_STATE/estate-api-keys"
  # Nothing may be expired on the word of a key that this hub does not know.
  grep -qx -- "$keep" "$list" || {
    echo "the API key in use was not minted on this hub (a new machine?): raise apiKeyEdition; nothing was expired" >&2
    return 1
  }
  for prefix in $(grep -vx -- "$keep" "$list"); do
    # One that is gone already, after a restore for example, is as good.
    headscale apikeys expire --prefix="$prefix" >/dev/null 2>&1 || true
  done
  printf '%s\n' "$keep" >"$list"
}

main </dev/null
