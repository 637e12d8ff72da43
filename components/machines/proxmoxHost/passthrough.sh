#!/usr/bin/env bash
# Prepares a Proxmox VE host for PCI passthrough of the given cards. Idempotent: a second run changes nothing.
#
#   passthrough.sh check|apply --cpu intel|amd --boot grub|systemd-boot --ids 10de:2684,10de:22ba --slots 0000:01:00 [--reboot]
#
# check  says what apply would change, changes nothing; exit 3 when something would change
# apply  changes it; a reboot happens only with --reboot, otherwise the last line says that one is needed
# Exit 4: a card shares its IOMMU group with something that is not passed through with it (nothing is changed then).
# --root DIR works on the files below DIR and runs no host command (tests, image builds).
set -euo pipefail

mode=${1:-}
shift || true
root="" cpu="" boot="" ids="" slots="" reboot=no
while [ $# -gt 0 ]; do
  case "$1" in
    --root) root=$2; shift 2 ;;
    --cpu) cpu=$2; shift 2 ;;
    --boot) boot=$2; shift 2 ;;
    --ids) ids=$2; shift 2 ;;
    --slots) slots=$2; shift 2 ;;
    --reboot) reboot=yes; shift ;;
    *) echo "passthrough: unknown option $1" >&2; exit 2 ;;
  esac
done

fail() { echo "passthrough: $2" >&2; exit "$1"; }
case "$mode" in check | apply) ;; *) fail 2 "first word must be check or apply, not '$mode'" ;; esac
case "$cpu" in intel) kernel_arguments="intel_iommu=on iommu=pt" ;; amd) kernel_arguments="iommu=pt" ;; *) fail 2 "--cpu must be intel or amd, not '$cpu'" ;; esac
case "$boot" in grub | systemd-boot) ;; *) fail 2 "--boot must be grub or systemd-boot, not '$boot'" ;; esac
[ -n "$ids" ] || fail 2 "--ids is empty: which cards?"

changed=no initramfs=no bootloader=no
run() { if [ -n "$root" ]; then echo "would run: $*"; else "$@"; fi; }

# Writes a file when its content differs. Sets changed.
put() { # path, content
  local path="$root$1"
  if [ -f "$path" ] && [ "$(cat "$path")" = "$2" ]; then return 1; fi
  changed=yes
  echo "$1: $([ -f "$path" ] && echo changes || echo is created)"
  [ "$mode" = check ] || { mkdir -p "$(dirname "$path")"; printf '%s\n' "$2" >"$path.new"; mv "$path.new" "$path"; }
}

# A card leaves the host together with everything in its IOMMU group, so nothing else may be in it. PCI bridges (class 0604) stay.
check_groups() {
  local slot link member class
  for slot in ${slots//,/ }; do
    link="$root/sys/bus/pci/devices/$slot.0/iommu_group/devices"
    [ -d "$link" ] || { echo "$slot: IOMMU group not visible yet, checked again after the reboot"; continue; }
    for member in "$link"/*; do
      member=$(basename "$member")
      class=$(cat "$root/sys/bus/pci/devices/$member/class" 2>/dev/null || echo unknown)
      case "$member" in "$slot".*) continue ;; esac
      case "$class" in 0x0604*) continue ;; esac
      fail 4 "$slot shares its IOMMU group with $member (class $class): passing it through would take that from the host. Put the card in another slot, or separate the group (ACS)"
    done
  done
}

with_arguments() { # a kernel command line with the arguments it lacks
  local line=$1 argument
  for argument in $kernel_arguments; do
    case " $line " in *" $argument "*) ;; *) line="${line:+$line }$argument" ;; esac
  done
  printf '%s' "$line"
}

kernel_command_line() {
  local file line current
  if [ "$boot" = grub ]; then
    file=/etc/default/grub
    [ -f "$root$file" ] || fail 2 "$file is missing: is the boot loader really grub?"
    current=$(sed -n 's/^GRUB_CMDLINE_LINUX_DEFAULT="\(.*\)"$/\1/p' "$root$file" | tail -n 1)
    line=$(with_arguments "$current")
    if grep -q '^GRUB_CMDLINE_LINUX_DEFAULT=' "$root$file"; then
      put "$file" "$(sed "s|^GRUB_CMDLINE_LINUX_DEFAULT=.*|GRUB_CMDLINE_LINUX_DEFAULT=\"${line//&/\\&}\"|" "$root$file")" && bootloader=yes
    else
      put "$file" "$(cat "$root$file"; echo "GRUB_CMDLINE_LINUX_DEFAULT=\"$line\"")" && bootloader=yes
    fi
  else
    file=/etc/kernel/cmdline
    [ -f "$root$file" ] || fail 2 "$file is missing: is the boot loader really systemd-boot?"
    put "$file" "$(with_arguments "$(cat "$root$file")")" && bootloader=yes
  fi
  return 0
}

modules() {
  local list="vfio
vfio_iommu_type1
vfio_pci" release
  release=$(if [ -n "$root" ]; then cat "$root/proc/sys/kernel/osrelease" 2>/dev/null || echo 6.8; else uname -r; fi)
  # vfio_virqfd was folded into vfio in Linux 6.2; loading it there fails.
  if [ "$(printf '%s\n6.2\n' "$release" | sort -V | head -n 1)" != 6.2 ]; then list="$list
vfio_virqfd"; fi
  put /etc/modules-load.d/estate-vfio.conf "$list" && initramfs=yes
  put /etc/modprobe.d/estate-vfio.conf "options vfio-pci ids=$ids disable_vga=1
softdep nouveau pre: vfio-pci
softdep nvidia pre: vfio-pci
softdep snd_hda_intel pre: vfio-pci" && initramfs=yes
  put /etc/modprobe.d/estate-blacklist.conf "blacklist nouveau
blacklist nvidiafb
options nouveau modeset=0" && initramfs=yes
  return 0
}

check_groups
kernel_command_line
modules

if [ "$changed" = no ]; then echo "passthrough: prepared, nothing to change"; exit 0; fi
if [ "$mode" = check ]; then echo "passthrough: changes are needed"; exit 3; fi
if [ "$bootloader" = yes ]; then
  if [ "$boot" = grub ]; then run update-grub; else run proxmox-boot-tool refresh; fi
fi
[ "$initramfs" = no ] || run update-initramfs -u -k all
if [ "$reboot" = yes ]; then
  echo "passthrough: rebooting"
  run systemctl reboot
else
  echo "passthrough: changed; a reboot is needed before cards can be passed through"
fi
