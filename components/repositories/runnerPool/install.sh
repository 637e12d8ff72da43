# Installs or updates a pool on its Docker host. The plain files are written by what precedes this; the secrets come in on
# standard input, one line each, so that they are in no command line.
IFS= read -r join_key
IFS= read -r github_token
IFS= read -r login_server
printf '%s\n' "$join_key" >"$directory/join-key"
printf 'Authorization: Bearer %s\n' "$github_token" >"$directory/github-header"
printf 'TS_EXTRA_ARGS=--login-server=%s\n' "$login_server" >"$directory/tailnet.env"
unset join_key github_token login_server

systemctl daemon-reload
# Slots beyond the count end now; the others take the new files with their next registration, after their next job.
for unit in $(systemctl list-units --all --plain --no-legend "estate-runner-$pool@*" | cut -d ' ' -f 1); do
  slot=${unit##*@}
  if [ "${slot%.service}" -gt "$count" ]; then systemctl disable --now "$unit"; fi
done
for slot in $(seq 1 "$count"); do systemctl enable --now "estate-runner-$pool@$slot.service"; done
