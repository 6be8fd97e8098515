#!/bin/sh
# Builds the tarball and the Debian package for this machine, and installs both in folders of their own. Needs a built
# checkout; fetches packages.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
arch=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
must() { "$@" || { echo "packages.sh: failed: $*" >&2; exit 1; }; }

echo "tarball for $arch"
file=$(OUT="$work" "$here/systemd/bundle.sh" "$arch" 2>"$work/log") || { cat "$work/log" >&2; exit 1; }
greenlight() { node "$here/dist/src/main.js" "$@"; }
must greenlight update keygen "$work/update" >/dev/null
must greenlight update sign "$file" --key "$work/update.key"
mkdir "$work/unpacked" "$work/root" "$work/bin"
tar -xzf "$file" -C "$work/unpacked"
# without npm, as in a cabinet; systemd-sysusers and the like are where they are
ln -s "$(command -v node)" "$work/bin/node"
for tool in $(ls /bin /usr/bin /sbin /usr/sbin | grep -E '^(sh|id|dirname|basename|readlink|date|df|awk|mktemp|rm|mkdir|cp|chmod|chown|chgrp|ls|ln|mv|sync|diff|sed|head|tr|cat|cmp|install|grep|printf|systemd-sysusers|systemctl|sort|find)$' | sort -u); do
  [ -e "$work/bin/$tool" ] || ln -s "$(command -v "$tool")" "$work/bin/$tool"
done
must env PATH="$work/bin" sh "$work/unpacked/package/systemd/install.sh" --root "$work/root" >"$work/said"
must grep -q '^installed' "$work/said"
app=$work/root/opt/greenlight/current
must test "$(node "$app/dist/src/main.js" --version)" = "$(node -p "require('$here/package.json').version")"
must node "$app/dist/src/main.js" check "$work/root/etc/greenlight/greenlight.yaml" >/dev/null
# a native package is there, for this machine alone
must test "$(ls "$app/node_modules/classic-level/prebuilds" | grep -vc "^linux-$(node -p process.arch)")" = 0
must sh "$app/systemd/uninstall.sh" --root "$work/root" --purge >/dev/null
must test ! -e "$work/root/opt/greenlight"
echo 'installed without npm, checked a configuration, removed without rest'

echo 'updates'
(cd "$here" && must npx tsx test/deep/update.ts "$file")

echo "Debian package for $arch"
DEB_LEVEL=1 must "$here/systemd/build-deb.sh" "$work" "$arch" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
must sh "$here/test/deep/deb.sh" "$work"/*.deb
