#!/bin/sh
# Installs, upgrades, removes and purges a package in a folder of its own: deb.sh FILE.deb (of this architecture).
set -eu
deb=$(realpath "$1")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/triggers" "$root/tmp"
: >"$root/var/lib/dpkg/status"
dpkg_() {
  dpkg --root="$root" --force-script-chrootless --force-depends --force-not-root --log=/dev/null "$@" \
    >"$root/tmp/said" 2>&1 || { cat "$root/tmp/said" >&2; exit 1; }
}
must() { "$@" || { echo "deb.sh: failed: $*" >&2; exit 1; }; }

dpkg_ -i "$deb"
must test "$(node "$root/usr/lib/greenlight/dist/src/main.js" --version)" = "$(dpkg-deb -f "$deb" Version)"
must node "$root/usr/lib/greenlight/dist/src/main.js" check "$root/etc/greenlight/greenlight.yaml" >/dev/null
must grep -q '^greenlight:' "$root/etc/passwd"
must grep -q /usr/lib/greenlight/dist "$root/lib/systemd/system/greenlight.service"
mkdir -p "$root/var/lib/greenlight"
echo kept >"$root/var/lib/greenlight/state"
echo '# mine' >>"$root/etc/greenlight/greenlight.yaml"

next=$(mktemp -d)
dpkg-deb -R "$deb" "$next/tree"
sed -i 's/^Version: .*/&+next/' "$next/tree/DEBIAN/control"
touch "$next/tree/usr/lib/greenlight/new-in-next"
dpkg-deb --root-owner-group -Zgzip -z1 --build "$next/tree" "$next/next.deb" >/dev/null
dpkg_ -i "$next/next.deb"
rm -rf "$next"
must test -e "$root/usr/lib/greenlight/new-in-next"
must grep -q '# mine' "$root/etc/greenlight/greenlight.yaml"
must test -e "$root/var/lib/greenlight/state"

dpkg_ -i --force-downgrade "$deb"
must test ! -e "$root/usr/lib/greenlight/new-in-next"
dpkg_ -r greenlight
must test ! -e "$root/usr/lib/greenlight"
must test -e "$root/etc/greenlight/greenlight.yaml"
must test -e "$root/var/lib/greenlight/state"
dpkg_ -P greenlight
must test ! -e "$root/etc/greenlight"
must test ! -e "$root/var/lib/greenlight"
rm -f "$root/tmp/said"
left=$(find "$root" -type f ! -path "$root/var/lib/dpkg/*" ! -path "$root/etc/*passwd*" ! -path "$root/etc/*shadow*" ! -path "$root/etc/*group*" ! -name .pwd.lock)
must test -z "$left"
echo 'installed, upgraded, rolled back, removed and purged without rest'
