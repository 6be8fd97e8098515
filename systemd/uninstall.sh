#!/bin/sh
# Removes what install.sh wrote, and nothing else. --purge also removes configuration, state and the user.
set -eu

prefix=/opt/greenlight root='' purge=no
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) prefix=${2%/}; shift ;;
    --root) root=${2%/}; shift ;;
    --purge) purge=yes ;;
    *) echo 'usage: sudo ./systemd/uninstall.sh [--prefix DIR] [--root DIR] [--purge]' >&2; exit 2 ;;
  esac
  shift
done
[ -n "$root" ] || [ "$(id -u)" = 0 ] || { echo 'uninstall.sh: run it with sudo' >&2; exit 1; }
list=$root$prefix/.installed

purge() {
  rm -rf "$root/etc/greenlight" "$root/var/lib/greenlight" "$root/var/lib/greenlight-things"
  echo 'removed /etc/greenlight, /var/lib/greenlight and /var/lib/greenlight-things'
  if [ -z "$root" ] && id greenlight >/dev/null 2>&1; then
    userdel greenlight
    echo 'removed user greenlight'
  fi
}

if [ ! -f "$list" ]; then
  # it may have been removed before, without --purge; what the Debian package uses is not ours
  if [ $purge = yes ] && [ ! -e "$root$prefix" ] && [ ! -e "$root/usr/lib/greenlight" ] && [ -d "$root/etc/greenlight" ]; then
    purge
    exit
  fi
  echo "uninstall.sh: $prefix was not installed by install.sh (no $prefix/.installed)" >&2
  exit 1
fi

live=no
[ -n "$root" ] || [ ! -d /run/systemd/system ] || live=yes
if [ $live = yes ]; then
  # first what could start the others again
  systemctl stop greenlight-update.path greenlight-update.service 2>/dev/null || true
  systemctl stop greenlight.service greenlight-core.service greenlight-pigpio.service 'greenlight-thing@*.service' greenlight.target 2>/dev/null || true
  for link in /etc/systemd/system/*.wants/greenlight*; do
    [ ! -L "$link" ] || systemctl disable --quiet "$(basename "$link")" 2>/dev/null || rm -f "$link"
  done
fi
folders=$(grep '/$' "$list" || true)
grep -v '/$' "$list" | while read -r file; do
  rm -f "$root$file"
  echo "removed $file"
  # lists of before have no folders
  case $file in *.service.d/*) rmdir "$root$(dirname "$file")" 2>/dev/null || true ;; esac
done
rm -rf "${root}${prefix:?}"
echo "removed $prefix"
# those that the installer made, unless somebody else uses them by now
printf '%s\n' "$folders" | while read -r folder; do
  [ -z "$folder" ] || rmdir "$root${folder%/}" 2>/dev/null || true
done
if [ $purge = yes ]; then
  purge
else
  echo 'kept /etc/greenlight and /var/lib/greenlight (--purge removes them)'
fi
if [ $live = yes ]; then
  systemctl daemon-reload
  systemctl reset-failed 'greenlight*' 2>/dev/null || true
fi
