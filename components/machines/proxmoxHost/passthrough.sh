#!/usr/bin/env bash
# Prepares a Proxmox VE host for PCI passthrough of the given cards, or takes that back. A second run changes nothing.
#
#   passthrough.sh check|apply --cpu intel|amd --boot grub|systemd-boot --ids 10de:2684,10de:22ba --slots 0000:01:00 [--reboot]
#   passthrough.sh undo
#
# check  says what apply would change, changes nothing
# apply  changes it; the host is rebooted with --reboot only, and only for changes that it does not run with yet
# undo   removes exactly what apply added: arguments that were on the kernel command line before it stay
#
# Exit 0: prepared, and the host runs with it (undo: gone from the files). 2: called wrongly, or files it can't read safely.
# 3: check found changes. 4: refused, nothing was changed. 5: the files are in place, the host does not run with them yet.
#
# All paths are below $ESTATE_ROOT (or --root DIR), "" being the host itself; elsewhere no command of the host is run.
# https://pve.proxmox.com/pve-docs/chapter-qm.html#qm_pci_passthrough
set -euo pipefail

root=${ESTATE_ROOT:-}
mode="" cpu="" boot="" ids="" slots="" reboot=no arguments="" changed=no reasons=""
# What was added to files that are not the estate's own: "FILE ARGUMENT", or "FILE -" for the whole line.
record=/var/lib/estate/passthrough-added
# Files that the boot loader or the initramfs does not have yet: a run that was killed is finished by the next.
unfinished=/var/lib/estate/passthrough-unfinished
# There from a change until the next boot, which empties /run.
pending=/run/estate-passthrough-reboot
devices=/sys/bus/pci/devices
grub_file=/etc/default/grub
cmdline_file=/etc/kernel/cmdline

fail() { # exit code, message
  echo "passthrough: $2" >&2
  exit "$1"
}

read_options() {
  mode=${1:-}
  shift || true
  while [ $# -gt 0 ]; do
    case "$1" in
      --reboot) reboot=yes; shift; continue ;;
      --root | --cpu | --boot | --ids | --slots) [ $# -gt 1 ] || fail 2 "$1 has no value" ;;
      *) fail 2 "unknown option $1" ;;
    esac
    case "$1" in --root) root=$2 ;; --cpu) cpu=$2 ;; --boot) boot=$2 ;; --ids) ids=$2 ;; --slots) slots=$2 ;; esac
    shift 2
  done
  case "$mode" in check | apply) ;; undo) return ;; *) fail 2 "first word must be check, apply or undo, not '$mode'" ;; esac
  # Linux has AMD's IOMMU on by itself, Intel's since 6.8 only. With iommu=pt the host's own devices are not slowed down.
  case "$cpu" in intel) arguments="intel_iommu=on iommu=pt" ;; amd) arguments="iommu=pt" ;; *) fail 2 "--cpu must be intel or amd, not '$cpu'" ;; esac
  case "$boot" in grub | systemd-boot) ;; *) fail 2 "--boot must be grub or systemd-boot, not '$boot'" ;; esac
  [ -n "$ids" ] || fail 2 "--ids is empty: which cards?"
  [ -n "$slots" ] || fail 2 "--slots is empty: where are the cards?"
}

# This script itself may be coming by standard input: no command may read on in it.
run() { if [ -n "$root" ]; then echo "would run: $*"; else "$@" </dev/null; fi; }
has() { case " $1 " in *" $2 "*) return 0 ;; *) return 1 ;; esac; }
text() { cat "$root$1" 2>/dev/null || true; }
content() { cat "$root$1" && echo x; } # with a mark, because $() would cut off line ends
escaped() { printf '%s' "$1" | sed 's/[\\/&]/\\&/g'; }

changing() { # path, what is done to it
  changed=yes
  echo "$1: $2"
  [ "$mode" != check ] || return 0
  mkdir -p "$root$(dirname "$unfinished")" "$root/run"
  echo "$1" >>"$root$unfinished"
  : >"$root$pending"
}

put() { # path, content with its mark: written when it differs. A crash leaves the old file or the new one.
  if [ -f "$root$1" ]; then
    [ "$(content "$1")" != "$2" ] || return 0
    changing "$1" changes
  else
    changing "$1" "is created"
  fi
  [ "$mode" != check ] || return 0
  mkdir -p "$(dirname "$root$1")"
  [ ! -f "$root$1" ] || cp -p "$root$1" "$root$1.estate-new"
  printf '%s' "${2%x}" >"$root$1.estate-new"
  mv "$root$1.estate-new" "$root$1"
}

remove() { # path
  [ -f "$root$1" ] || return 0
  changing "$1" "is removed"
  [ "$mode" = check ] || rm "$root$1"
}

# ---- The cards: one leaves the host with all its functions and with everything in its IOMMU group.

id_of() { printf '%s:%s' "$(text "$devices/$1/vendor" | sed 's/^0x//')" "$(text "$devices/$1/device" | sed 's/^0x//')"; }
driver_of() { [ ! -e "$root$devices/$1/driver" ] || basename "$(readlink -f "$root$devices/$1/driver")"; }

# Bridges stay: PCI bridges (0604), and host bridges (0600) that no driver has. pve-docs, and Linux's vfio_dev_viable.
is_bridge() { # device
  case "$(text "$devices/$1/class")" in 0x0604*) return 0 ;; 0x0600*) [ -z "$(driver_of "$1")" ] ;; *) return 1 ;; esac
}

check_card() { # slot
  local member path siblings=""
  [ -d "$root$devices/$1.0" ] || fail 4 "there is no PCI device at $1: 'lspci -D' prints the addresses; they move when a card is added"
  has "${ids//,/ }" "$(id_of "$1.0")" || fail 4 "at $1 is a $(id_of "$1.0"), which is not among the declared ids $ids"
  for path in "$root$devices/$1".*; do
    member=$(basename "$path")
    has "${ids//,/ }" "$(id_of "$member")" || echo "$member: $(id_of "$member") goes along with the card; declare it as a companion"
    case "$(driver_of "$member")" in "" | vfio-pci) ;; *) reasons="$reasons; $member is held by $(driver_of "$member")" ;; esac
  done
  if [ ! -d "$root$devices/$1.0/iommu_group/devices" ]; then
    # Nobody knows what would go along. A kernel that was told to use the IOMMU has none only when the firmware has it off.
    if [ -z "$(lacking "$(text /proc/cmdline)")" ] && [ ! -e "$root$pending" ]; then
      fail 4 "$1 has no IOMMU group, though the host runs with $arguments: switch VT-d or AMD-Vi (IOMMU) on in its firmware"
    fi
    reasons="$reasons; the IOMMU is off, so what shares a group with $1 is not known"
    return 0
  fi
  for path in "$root$devices/$1.0/iommu_group/devices"/*; do
    member=$(basename "$path")
    case "$member" in "$1".*) continue ;; esac
    is_bridge "$member" || siblings="$siblings, $member ($(id_of "$member"), class $(text "$devices/$member/class"))"
  done
  [ -z "$siblings" ] || fail 4 "$1 shares its IOMMU group with ${siblings#, }: passing it through would take that from the host. Put the card in another slot, or separate the group (ACS)"
}

# vfio-pci takes cards by id: one of the same kind that the host is to keep would go too.
check_twins() {
  local path device
  for path in "$root$devices"/*; do
    device=$(basename "$path")
    if has "${ids//,/ }" "$(id_of "$device")" && ! has "${slots//,/ }" "${device%.*}"; then
      fail 4 "$device is a $(id_of "$device") like a declared card, but is not declared: it would be taken from the host as well. Declare it, or take it out"
    fi
  done
}

# ---- The kernel command line

lacking() { # a kernel command line
  local argument
  for argument in $arguments; do has "$1" "$argument" || printf '%s ' "$argument"; done
}

note() { # file, what is added: noted first, so that undo finds it whatever happens
  [ "$mode" != check ] || return 0
  mkdir -p "$root$(dirname "$record")"
  grep -qxF -e "$1 $2" "$root$record" 2>/dev/null || echo "$1 $2" >>"$root$record"
}

with_arguments() { # file, its kernel command line: sets line
  local argument
  for argument in intel_iommu=off amd_iommu=off iommu=off; do
    ! has "$2" "$argument" || fail 2 "$1 says $argument, which the cards can't be passed through with: remove it"
  done
  line=$2
  for argument in $(lacking "$2"); do
    note "$1" "$argument"
    line="${line:+$line }$argument"
  done
}

without_arguments() { # file, its kernel command line: sets line
  local file argument
  line=" $2 "
  while read -r file argument; do
    [ "$file" != "$1" ] || line=${line/" $argument "/ }
  done <"$root$record"
  line=${line# }
  line=${line% }
}

# Takes the line apart, in any of the shell's spellings of it; what else it may be is left to people.
read_grub() { # sets number ("" when there is none), before, current, after
  local name=GRUB_CMDLINE_LINUX_DEFAULT found double single bare
  double="^($name=\")([^\"\`\\\\]*)(\"[[:space:]]*(#.*)?)\$"
  single="^($name=')([^']*)('[[:space:]]*(#.*)?)\$"
  bare="^($name=)([A-Za-z0-9_.,:/=-]*)()\$"
  [ -f "$root$grub_file" ] || fail 2 "$grub_file is missing: is the boot loader really grub?"
  number=$(grep -nE "^[[:space:]]*(export[[:space:]]+)?$name\+?=" "$root$grub_file" | cut -d: -f1 || true)
  before="$name=\"" current="" after="\""
  [ -n "$number" ] || return 0
  case "$number" in *[!0-9]*) fail 2 "$grub_file sets $name more than once: leave one line" ;; esac
  found=$(sed -n "${number}p" "$root$grub_file")
  if ! [[ $found =~ $double || $found =~ $single || $found =~ $bare ]]; then
    fail 2 "$grub_file has a line that can't be changed safely, $found: write it as $name=\"...\""
  fi
  before=${BASH_REMATCH[1]} current=${BASH_REMATCH[2]} after=${BASH_REMATCH[3]}
  if [ -z "$after" ]; then before="$before\"" after="\""; fi
}

put_line() { # file, number, text
  local new
  new=$(sed "$2s/.*/$(escaped "$3")/" "$root$1" && echo x)
  put "$1" "$new"
}

edit_grub() {
  local file new
  read_grub
  # grub-mkconfig reads these after /etc/default/grub.
  for file in "$root"/etc/default/grub.d/*.cfg; do
    [ -f "$file" ] || continue
    if grep -E '^[[:space:]]*(export[[:space:]]+)?GRUB_CMDLINE_LINUX_DEFAULT=' "$file" | grep -qvE '[$][{]?GRUB_CMDLINE_LINUX_DEFAULT'; then
      fail 2 "${file#"$root"} sets GRUB_CMDLINE_LINUX_DEFAULT again, and so drops what $grub_file says: move its arguments there"
    fi
  done
  with_arguments "$grub_file" "$current"
  if [ -n "$number" ]; then
    [ "$line" = "$current" ] || put_line "$grub_file" "$number" "$before$line$after"
  else
    note "$grub_file" -
    # shellcheck disable=SC1003 # sed's way to end the last line
    new=$(sed '$a\' "$root$grub_file" && echo "$before$line$after" && echo x)
    put "$grub_file" "$new"
  fi
}

edit_cmdline() {
  [ -f "$root$cmdline_file" ] || fail 2 "$cmdline_file is missing: is the boot loader really systemd-boot?"
  [ "$(grep -c '' "$root$cmdline_file")" = 1 ] || fail 2 "$cmdline_file has more than its one line"
  with_arguments "$cmdline_file" "$(text "$cmdline_file")"
  put_line "$cmdline_file" 1 "$line"
}

# ---- The drivers

edit_modules() {
  local modules="vfio vfio_iommu_type1 vfio_pci" drivers="snd_hda_intel"
  # Folded into vfio in Linux 6.2, where it can't be loaded.
  [ "$(printf '%s\n6.2\n' "$(text /proc/sys/kernel/osrelease)" | sort -V | head -n 1)" = 6.2 ] || modules="$modules vfio_virqfd"
  case ",$ids" in *,10de:*) drivers="nouveau nvidia nvidiafb $drivers" ;; esac
  case ",$ids" in *,1002:*) drivers="amdgpu radeon $drivers" ;; esac
  case ",$ids" in *,8086:*) drivers="i915 xe $drivers" ;; esac
  # shellcheck disable=SC2086 # one line per word
  put /etc/modules-load.d/estate-vfio.conf "$(printf '%s\n' $modules && echo x)"
  # shellcheck disable=SC2086
  put /etc/modprobe.d/estate-vfio.conf "$(echo "options vfio-pci ids=$ids disable_vga=1" && printf 'softdep %s pre: vfio-pci\n' $drivers && echo x)"
  case ",$ids" in
    *,10de:*) put /etc/modprobe.d/estate-blacklist.conf "$(printf '%s\n' "blacklist nouveau" "blacklist nvidia" "blacklist nvidiafb" "options nouveau modeset=0" x)" ;;
    *) remove /etc/modprobe.d/estate-blacklist.conf ;;
  esac
}

# ---- Bringing it to the boot loader

finish() {
  [ -f "$root$unfinished" ] || return 0
  # Where proxmox-boot-tool keeps the boot partitions, update-grub and update-initramfs refresh them themselves.
  ! grep -qx "$grub_file" "$root$unfinished" || run update-grub
  ! grep -qx "$cmdline_file" "$root$unfinished" || run proxmox-boot-tool refresh
  ! grep -q '^/etc/mod' "$root$unfinished" || run update-initramfs -u -k all
  rm "$root$unfinished"
}

undo() {
  if grep -q "^$grub_file " "$root$record" 2>/dev/null && [ -f "$root$grub_file" ]; then
    read_grub
    without_arguments "$grub_file" "$current"
    if [ -z "$line" ] && [ -n "$number" ] && grep -qxF -e "$grub_file -" "$root$record"; then
      put "$grub_file" "$(sed "${number}d" "$root$grub_file" && echo x)"
    elif [ "$line" != "$current" ]; then
      put_line "$grub_file" "$number" "$before$line$after"
    fi
  fi
  if grep -q "^$cmdline_file " "$root$record" 2>/dev/null && [ -f "$root$cmdline_file" ]; then
    without_arguments "$cmdline_file" "$(text "$cmdline_file")"
    put_line "$cmdline_file" 1 "$line"
  fi
  remove /etc/modules-load.d/estate-vfio.conf
  remove /etc/modprobe.d/estate-vfio.conf
  remove /etc/modprobe.d/estate-blacklist.conf
  finish
  rm -f "$root$record"
  if [ "$changed" = no ]; then echo "passthrough: nothing to take back"; else echo "passthrough: taken back; the host has its cards again after its next reboot"; fi
}

# Proxmox starts no VM with a mapping that lacks what the host knows of the card, so `up` puts into the mapping what is printed here.
describe_card() { # slot
  local place="$devices/$1.0" vendor
  vendor=$(text "$place/subsystem_vendor")
  echo "passthrough: card $1 iommugroup=$(basename "$(readlink -f "$root$place/iommu_group")")${vendor:+ subsystem=${vendor#0x}:$(text "$place/subsystem_device" | sed 's/^0x//')}"
}

# Says whether the host runs with what the files say.
conclude() {
  local without slot
  without=$(lacking "$(text /proc/cmdline)")
  [ -z "$without" ] || reasons="$reasons; the kernel runs without ${without% }"
  [ ! -e "$root$pending" ] || reasons="; it was not rebooted since its files were changed$reasons"
  if [ -z "$reasons" ]; then
    echo "passthrough: prepared, nothing to change"
    for slot in ${slots//,/ }; do describe_card "$slot"; done
  elif [ "$reboot" = yes ] && [ "$mode" = apply ] && [ -e "$root$pending" ]; then
    echo "passthrough: rebooting"
    # No new login before the reboot, so that whoever waits for the host does not meet it too early; this session goes on.
    run systemctl stop ssh.socket ssh.service || true
    run systemd-run --quiet --on-active=3 systemctl reboot
  else
    fail 5 "the files are in place, but the host does not run with them yet (${reasons#; }): reboot it, then run this again"
  fi
}

main() {
  local slot number before current after line
  read_options "$@"
  if [ "$mode" = undo ]; then
    undo
    return
  fi
  for slot in ${slots//,/ }; do check_card "$slot"; done
  check_twins
  if [ "$boot" = grub ]; then edit_grub; else edit_cmdline; fi
  edit_modules
  if [ "$mode" = check ] && { [ "$changed" = yes ] || [ -f "$root$unfinished" ]; }; then
    echo "passthrough: changes are needed"
    exit 3
  fi
  [ "$mode" = check ] || finish
  conclude
}

# Read whole before anything is done: a connection that breaks leaves half a script, not half a change.
main "$@"
