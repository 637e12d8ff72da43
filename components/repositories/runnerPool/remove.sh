# Takes a pool off its Docker host: runners, containers, files and secrets.
for unit in $(systemctl list-units --all --plain --no-legend "estate-runner-$pool@*" | cut -d ' ' -f 1); do
  systemctl disable --now "$unit"
done
rm -f "/etc/systemd/system/estate-runner-$pool@.service"
systemctl daemon-reload
rm -rf "$directory" "/run/estate-runners/$pool"
