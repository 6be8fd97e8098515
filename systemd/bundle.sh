#!/bin/sh
# Writes tarballs that install without a package registry and without a compiler: bundle.sh [ARCH …]; by default
# arm64, armhf and amd64. OUT names another folder than build/.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
out=${OUT:-$here/build}
version=$(node -p "require('$here/package.json').version")
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for arch in ${*:-arm64 armhf amd64}; do
  "$here/systemd/tree.sh" "$work/package" "$arch"
  printf '{"name":"greenlight","version":"%s","arch":"%s"}\n' "$version" "$arch" >"$work/package/.bundled"
  file=$out/greenlight-$version-$arch.tgz
  # the same files give the same archive
  tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - package | gzip -9n >"$file.part"
  mv "$file.part" "$file"
  rm -rf "$work/package"
  echo "$file"
done
