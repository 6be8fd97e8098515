#!/bin/sh
# Builds Debian packages from a built checkout: build-deb.sh [OUT [ARCH …]]; by default all three into build/.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$here/build}
[ $# -eq 0 ] || shift
[ -f "$here/dist/src/main.js" ] || { echo 'build-deb.sh: run npm run build first' >&2; exit 1; }
version=$(node -p "require('$here/package.json').version")
prefix=/usr/lib/greenlight
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for arch in ${*:-arm64 armhf amd64}; do
  tree=$work/$arch
  app=$tree$prefix
  mkdir -p "$app" "$tree/DEBIAN" "$tree/lib/systemd/system" "$tree/usr/lib/sysusers.d" \
    "$tree/usr/lib/tmpfiles.d" "$tree/lib/udev/rules.d" "$tree/usr/bin" "$tree/etc/greenlight/things.d"
  "$here/systemd/tree.sh" "$app" "$arch"
  # what dpkg does, and has below
  rm -rf "$app/systemd"
  chmod -R go+rX,go-w "$tree"

  for unit in "$here"/systemd/*.service "$here"/systemd/*.target; do
    # packages are updated by apt
    case $unit in */greenlight-update*) continue ;; esac
    sed "s#/opt/greenlight/current#$prefix#g" "$unit" >"$tree/lib/systemd/system/$(basename "$unit")"
  done
  cp "$here/systemd/greenlight.sysusers" "$tree/usr/lib/sysusers.d/greenlight.conf"
  cp "$here/systemd/greenlight.tmpfiles" "$tree/usr/lib/tmpfiles.d/greenlight.conf"
  cp "$here/systemd/60-greenlight.rules" "$tree/lib/udev/rules.d/60-greenlight.rules"
  cp "$here/config/pi-crossing.yaml" "$tree/etc/greenlight/greenlight.yaml"
  cat >"$tree/usr/bin/greenlight" <<EOF
#!/bin/sh
# speaks to the instance of greenlight.service unless told otherwise
export GREENLIGHT_STATE="\${GREENLIGHT_STATE:-/var/lib/greenlight}"
exec /usr/bin/node $prefix/dist/src/main.js "\$@"
EOF
  chmod 0755 "$tree/usr/bin/greenlight"
  echo /etc/greenlight/greenlight.yaml >"$tree/DEBIAN/conffiles"
  cat >"$tree/DEBIAN/control" <<EOF
Package: greenlight
Version: $version
Architecture: $arch
Maintainer: Greenlight
Depends: nodejs (>= 20.19), systemd | systemd-standalone-sysusers
Section: net
Priority: optional
Installed-Size: $(du -sk "$tree" | cut -f1)
Description: GPIO devices as AWS IoT things, with a local core
 Raspberry Pi GPIO devices as AWS IoT things with local shadows, and the
 Greengrass-compatible core that carries them.
EOF
  cat >"$tree/DEBIAN/postinst" <<'EOF'
#!/bin/sh
set -e
root=${DPKG_ROOT:-}
[ "$1" = configure ] || exit 0
systemd-sysusers ${root:+--root="$root"} "$root/usr/lib/sysusers.d/greenlight.conf"
systemd-tmpfiles ${root:+--root="$root"} --create "$root/usr/lib/tmpfiles.d/greenlight.conf"
if [ -z "$root" ]; then chgrp greenlight /etc/greenlight/greenlight.yaml; fi
chmod 0640 "$root/etc/greenlight/greenlight.yaml"
[ -z "$root" ] && [ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
udevadm control --reload || true
udevadm trigger --subsystem-match=gpio || true
if [ -z "$2" ]; then
  systemctl enable --quiet greenlight.target greenlight.service
  systemctl start greenlight.service || true
else
  # an upgrade: what ran runs on with the new version
  systemctl try-restart greenlight.service greenlight-core.service greenlight-pigpio.service 'greenlight-thing@*.service' || true
fi
EOF
  cat >"$tree/DEBIAN/prerm" <<'EOF'
#!/bin/sh
set -e
[ "$1" = remove ] && [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ] || exit 0
systemctl disable --now --quiet greenlight.target greenlight.service greenlight-core.service greenlight-pigpio.service || true
systemctl stop 'greenlight-thing@*.service' || true
EOF
  cat >"$tree/DEBIAN/postrm" <<'EOF'
#!/bin/sh
set -e
root=${DPKG_ROOT:-}
if [ "$1" = purge ]; then
  rm -rf "$root/var/lib/greenlight" "$root/var/lib/greenlight-things" "$root/etc/greenlight"
  [ -n "$root" ] || ! id greenlight >/dev/null 2>&1 || userdel greenlight
fi
[ -z "$root" ] && [ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
EOF
  chmod 0755 "$tree/DEBIAN/postinst" "$tree/DEBIAN/prerm" "$tree/DEBIAN/postrm"
  dpkg-deb --root-owner-group -Zxz "-z${DEB_LEVEL:-6}" --build "$tree" "$out/greenlight_${version}_$arch.deb" >/dev/null
  rm -rf "$tree"
  echo "$out/greenlight_${version}_$arch.deb"
done
