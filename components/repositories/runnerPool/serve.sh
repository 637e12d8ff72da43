#!/bin/bash
# Serves one job of a repository's Actions in containers that are new for it, then ends; systemd starts it again.
#
# The token that may register runners stays on the host: the runner gets a single-use registration for itself only, so
# that a job can neither read the token nor register a second runner.
#
# Called as: serve.sh POOL REPOSITORY LABELS SLOT, with LABELS as a JSON list, next to compose.yaml.
set -euo pipefail
umask 077

pool=$1 repository=$2 labels=$3
export SLOT=$4
cd "$(dirname "$0")"
runtime=/run/estate-runners/$pool
export TICKET=$runtime/ticket-$SLOT
mkdir -p "$runtime"

compose() { docker compose --project-name "estate-runner-$pool-$SLOT" --file compose.yaml "$@"; }
clean_up() {
  rm -f "$TICKET"
  compose down --volumes --timeout 30
}
trap clean_up EXIT
# Ends the wait below, so that a stopped service leaves no containers behind.
trap 'exit 143' TERM INT

# The sidecar's packet filter and tunnel need these, and a container cannot load them.
modprobe -a tun iptable_filter ipt_REJECT xt_mark

# https://docs.github.com/en/rest/actions/self-hosted-runners#create-configuration-for-a-just-in-time-runner-for-a-repository
answer=$(
  curl --fail-with-body --silent --show-error --max-time 60 \
    --header @github-header \
    --header "Accept: application/vnd.github+json" \
    --header "X-GitHub-Api-Version: 2022-11-28" \
    --data "{\"name\":\"$pool-$SLOT-$(date +%s)\",\"runner_group_id\":1,\"labels\":$labels}" \
    "https://api.github.com/repos/$repository/actions/runners/generate-jitconfig"
) || {
  echo "GitHub registered no runner for $repository; the token needs the permission Administration: write on it" >&2
  exit 1
}
sed -n 's/.*"encoded_jit_config": *"\([^"]*\)".*/\1/p' <<<"$answer" >"$TICKET"
unset answer
[ -s "$TICKET" ] || {
  echo "GitHub's answer for $repository has no registration in it" >&2
  exit 1
}
# The image's user, "runner".
chown 1001 "$TICKET"

compose up --force-recreate --exit-code-from runner --quiet-pull &
wait $!
