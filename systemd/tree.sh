#!/bin/sh
# Writes the application as it runs into a folder: tree.sh FOLDER arm64|armhf|amd64, from a built checkout.
# Nothing is compiled: packages with prebuilt binaries for the architecture are fetched, others left out.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
app=$1
case $2 in
  arm64) cpu=arm64 ;;
  armhf) cpu=arm ;;
  amd64) cpu=x64 ;;
  *) echo "tree.sh: no such architecture: $2; take arm64, armhf or amd64" >&2; exit 2 ;;
esac
[ -f "$here/dist/src/main.js" ] || { echo 'tree.sh: run npm run build first' >&2; exit 1; }
[ -f "$here/package-lock.json" ] || { echo 'tree.sh: package-lock.json is missing: take a checkout' >&2; exit 1; }

mkdir -p "$app"
for part in dist config systemd runtimes docs page package.json package-lock.json README.md LICENSE CHANGELOG.md; do
  [ ! -e "$here/$part" ] || cp -R "$here/$part" "$app/"
done
(cd "$app" && npm ci --omit=dev --ignore-scripts --os=linux --cpu="$cpu" --libc=glibc \
  --no-audit --no-fund --loglevel=error) >&2
# a lock beside the packages would make npm fetch them again; commands of packages are not used
rm -rf "$app/package-lock.json" "$app/node_modules/.bin" "$app/node_modules/.package-lock.json"
# binaries of other machines
find "$app/node_modules/classic-level/prebuilds" -mindepth 1 -maxdepth 1 ! -name "linux-$cpu" ! -name "linux-$cpu-*" -exec rm -rf {} +
[ ! -d "$app/node_modules/aws-crt/dist/bin" ] ||
  find "$app/node_modules/aws-crt/dist/bin" -mindepth 1 -maxdepth 1 ! -name "linux-$cpu" ! -name "linux-$cpu-*" -exec rm -rf {} +
# addons that would have to be compiled
for addon in onoff epoll pigpio node-dht-sensor; do rm -rf "$app/node_modules/$addon"; done
# nothing that runs reads these, and a card takes its time for thousands of small files
find "$app/node_modules" -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete
find "$app/node_modules" -type d -empty -delete
chmod 0755 "$app/dist/src/main.js"
chmod -R go+rX,go-w "$app"
