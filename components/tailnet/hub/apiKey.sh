# Prints a new API key of Headscale and nothing else. It is in no argument of a process and in no file. Its public
# prefix goes into a list, so that a key which never arrived (a run that was killed) can be told from keys that people
# made.
set -eu
umask 077
: "${HEADSCALE_STATE:=/var/lib/headscale}"

main() {
  # A machine that boots for the first time installs Headscale meanwhile: at most 15 minutes.
  tries=180
  until headscale health >/dev/null 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" -le 0 ]; then
      echo "Headscale does not answer: journalctl -u headscale says why" >&2
      return 1
    fi
    sleep 5
  done
  key=$(headscale apikeys create --expiration 90d)
  prefix=${key#hskey-api-}
  printf '%.12s\n' "$prefix" >>"$HEADSCALE_STATE/estate-api-keys"
  printf '%s\n' "$key"
}

main </dev/null
