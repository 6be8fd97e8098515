#!/bin/sh
# Installs Greenlight on this machine from the folder of an unpacked package (or a built checkout).
# Needs no compiler. May be run again: it then upgrades, and keeps configuration and state.
set -eu
umask 022

usage() {
  cat <<USAGE
usage: sudo ./systemd/install.sh [--role FILE] [--prefix DIR] [--root DIR] [--with-native] [--no-start]
  --role FILE     configuration for a first installation (default: config/pi-crossing.yaml)
  --prefix DIR    where the application goes (default: /opt/greenlight)
  --root DIR      install into a file system tree below DIR; nothing is started
  --with-native   also compile onoff, pigpio and node-dht-sensor (needs npm, g++ and python3)
  --no-start      do not enable and start the units
USAGE
}

here=$(cd "$(dirname "$0")/.." && pwd)
prefix=/opt/greenlight role=$here/config/pi-crossing.yaml root='' native=no start=yes
while [ $# -gt 0 ]; do
  case $1 in
    --role | --prefix | --root) [ $# -ge 2 ] || { usage >&2; exit 2; } ;;
  esac
  case $1 in
    --role) role=$2; shift ;;
    --prefix) prefix=${2%/}; shift ;;
    --root) root=${2%/}; start=no; shift ;;
    --with-native) native=yes ;;
    --no-start) start=no ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$here/.bundled"; }

# --- checks, before anything is written
case $prefix in /*/*) ;; *) fail "--prefix $prefix: name an absolute path of two parts or more, such as /opt/greenlight" ;; esac
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail 'run it with sudo'
[ -f "$here/dist/src/main.js" ] || fail "$here/dist is missing: take the packed tarball, or run npm ci && npm run build first"
[ -f "$role" ] || fail "--role $role: no such file; those that come with the package are in $here/config"
node=$(command -v node) || fail 'node is missing: sudo apt install nodejs'
"$node" -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>20||(a===20&&b>=19)?0:1)' ||
  fail "Node $("$node" -v) is too old: 20.19 or newer is needed"
if [ -z "$root" ]; then
  case $(readlink -f "$node") in
    /home/* | /root/* | /run/user/*) fail "$node is in a home folder, which units may not read: sudo apt install nodejs" ;;
  esac
fi
bundled=no
# what runs already has its packages
if [ $native = no ] && [ -e "$root$prefix/current" ] && [ "$(readlink -f "$here")" = "$(readlink -f "$root$prefix/current")" ]; then
  bundled=yes
elif [ $native = no ] && [ -d "$here/node_modules" ] && [ -f "$here/.bundled" ]; then
  bundled=yes
  arch=$(field arch)
  case $("$node" -p process.arch) in arm64) mine=arm64 ;; arm) mine=armhf ;; x64) mine=amd64 ;; *) mine=none ;; esac
  [ -z "$arch" ] || [ "$arch" = "$mine" ] || [ -n "$root" ] ||
    fail "this package is for $arch, and Node here is $("$node" -p process.arch): take the one for $mine"
else
  command -v npm >/dev/null || fail 'npm is missing: take a tarball of npm run bundle, which needs none, or sudo apt install npm'
fi
[ "$(date +%Y)" -ge 2026 ] || fail "the clock says $(date +%F): set it first (timedatectl set-ntp true), certificates need it"
if [ -e "$root$prefix" ] && [ ! -e "$root$prefix/.installed" ]; then
  fail "$prefix exists and was not made by this installer: move it away, or choose another --prefix"
fi
[ ! -e "$root$prefix/update/state.json" ] ||
  fail "an update of $prefix is under way: wait until greenlight update list tells its end, or restart the machine"
parent=$root$prefix
while [ ! -d "$parent" ]; do parent=$(dirname "$parent"); done
free=$(df -Pk "$parent" | awk 'NR==2 {print int($4/1024)}')
[ "$free" -ge 400 ] || fail "only $free MiB are free for $prefix: 400 are needed (sudo apt clean)"

# --- the release, beside those that are there
releases=$root$prefix/releases
new=$releases/.new
work=$(mktemp -d)
trap 'rm -rf "$new" "$work"' EXIT
folders_for() { # PATH: lists those of its folders that are not there yet, for the uninstaller
  folder=$(dirname "$1")
  while [ ! -d "$root$folder" ]; do printf '%s/\n' "$folder"; folder=$(dirname "$folder"); done >>"$work/folders"
}
: >"$work/folders"
folders_for "$prefix"
rm -rf "$new"
mkdir -p "$new"
[ -e "$root$prefix/.installed" ] || : >"$root$prefix/.installed"
for part in dist config systemd runtimes docs page package.json README.md LICENSE CHANGELOG.md; do
  [ ! -e "$here/$part" ] || cp -R "$here/$part" "$new/"
done
if [ $bundled = yes ]; then
  for part in node_modules .bundled package-lock.json; do
    [ ! -e "$here/$part" ] || cp -R "$here/$part" "$new/"
  done
else
  # the exact packages that were tested
  for lock in "$here/dist/packages.lock.json" "$here/package-lock.json"; do
    [ ! -f "$lock" ] || cp "$lock" "$new/package-lock.json"
  done
  scripts=--ignore-scripts
  [ $native = no ] || scripts=
  command=install
  [ ! -f "$new/package-lock.json" ] || command=ci
  say "packages: npm $command --omit=dev $scripts"
  # shellcheck disable=SC2086 # empty means no option
  (cd "$new" && npm $command --omit=dev $scripts --no-audit --no-fund --loglevel=error) >&2
fi
chmod 0755 "$new/dist/src/main.js"
chmod -R go+rX,go-w "$new"
[ -n "$root" ] || chown -R root:root "$new"
version=$(cd "$new" && "$node" dist/src/main.js --version) || fail 'the application does not start with this Node'

point() { # LINK RELEASE: in one step
  ln -sfn "releases/$2" "$root$prefix/$1.new"
  mv -Tf "$root$prefix/$1.new" "$root$prefix/$1"
}
plain=no
if [ -e "$root$prefix/dist" ]; then
  # an installation of before there were releases becomes the previous one
  plain=yes
  was=$(sed -n 's/^ *"version": "\([^"]*\)".*/\1/p' "$root$prefix/package.json" | head -1)
  rm -rf "${releases:?}/${was:=0}"
  mkdir "$releases/$was"
  for part in dist config systemd runtimes docs page node_modules package.json README.md LICENSE CHANGELOG.md; do
    [ ! -e "$root$prefix/$part" ] || cp -Rl "$root$prefix/$part" "$releases/$was/"
  done
  point current "$was"
fi
present=''
[ ! -L "$root$prefix/current" ] || present=$(basename "$(readlink "$root$prefix/current")")
if [ -n "$present" ] && diff -rq --no-dereference "$new" "$releases/$present" >/dev/null 2>&1; then
  rm -rf "$new"
  release=$present
  say "kept $prefix/releases/$release, which is the same"
else
  release=$version n=1
  while [ -e "$releases/$release" ]; do n=$((n + 1)) release=$version-$n; done
  mv "$new" "$releases/$release"
  say "wrote $prefix/releases/$release"
fi
# after a loss of power the links must not be there before the files
sync
[ "$release" = "$present" ] || [ -z "$present" ] || point previous "$present"
point current "$release"
point confirmed "$release"
if [ $plain = yes ]; then
  for part in dist config systemd runtimes docs page node_modules package.json package-lock.json README.md LICENSE CHANGELOG.md; do
    rm -rf "${root}${prefix:?}/$part"
  done
fi
previous=''
[ ! -L "$root$prefix/previous" ] || previous=$(basename "$(readlink "$root$prefix/previous")")
for old in "$releases"/*; do
  case $(basename "$old") in "$release" | "$previous") ;; *) rm -rf "$old"; say "removed $prefix/releases/$(basename "$old")" ;; esac
done
mkdir -p "$root$prefix/update"

# --- files outside the prefix, listed for the uninstaller
list=$work/installed
: >"$list"
changed=no
put() { # SOURCE TARGET [MODE]
  folders_for "$2"
  mkdir -p "$root$(dirname "$2")"
  if ! cmp -s "$1" "$root$2"; then
    install -m "${3:-0644}" "$1" "$root$2"
    say "wrote $2"
    changed=yes
  fi
  printf '%s\n' "$2" >>"$list"
}

systemd=$(systemctl --version 2>/dev/null | awk 'NR==1 {print $2}')
for unit in "$here"/systemd/*.service "$here"/systemd/*.path "$here"/systemd/*.target; do
  [ -e "$unit" ] || continue
  name=$(basename "$unit")
  sed -e "s#/opt/greenlight#$prefix#g" -e "s#/usr/bin/node#$node#g" "$unit" >"$work/$name"
  put "$work/$name" "/etc/systemd/system/$name"
  case $name in
    greenlight-update*) ;;
    *.service) [ "${systemd:-0}" -lt 254 ] || put "$here/systemd/10-back-off.conf" "/etc/systemd/system/$name.d/10-back-off.conf" ;;
  esac
done
put "$here/systemd/greenlight.sysusers" /usr/lib/sysusers.d/greenlight.conf
put "$here/systemd/greenlight.tmpfiles" /usr/lib/tmpfiles.d/greenlight.conf
put "$here/systemd/60-greenlight.rules" /usr/lib/udev/rules.d/60-greenlight.rules
cat >"$work/greenlight" <<COMMAND
#!/bin/sh
# speaks to the instance of greenlight.service unless told otherwise
export GREENLIGHT_STATE="\${GREENLIGHT_STATE:-/var/lib/greenlight}"
exec $node $prefix/current/dist/src/main.js "\$@"
COMMAND
put "$work/greenlight" /usr/local/bin/greenlight 0755
# what an earlier version wrote and this one does not
while read -r file; do
  case $file in */) echo "$file" >>"$work/folders"; continue ;; esac
  grep -qxF "$file" "$list" || { rm -f "$root$file"; say "removed $file"; changed=yes; }
done <"$root$prefix/.installed"
# the deepest first
sort -ru "$work/folders" >>"$list"
cp "$list" "$root$prefix/.installed"

# --- user, groups, configuration
if command -v systemd-sysusers >/dev/null; then
  systemd-sysusers ${root:+--root="$root"} "$root/usr/lib/sysusers.d/greenlight.conf"
elif [ -z "$root" ]; then
  getent group gpio >/dev/null || groupadd --system gpio
  id greenlight >/dev/null 2>&1 ||
    useradd --system --home-dir /var/lib/greenlight --shell /usr/sbin/nologin --groups gpio greenlight
fi
mkdir -p "$root/etc/greenlight/things.d"
if [ -e "$root/etc/greenlight/greenlight.yaml" ]; then
  say 'kept /etc/greenlight/greenlight.yaml'
else
  install -m 0640 "$role" "$root/etc/greenlight/greenlight.yaml"
  [ -n "$root" ] || chgrp greenlight /etc/greenlight/greenlight.yaml
  say "wrote /etc/greenlight/greenlight.yaml (from $(basename "$role"))"
fi
[ -n "$root" ] || chown root:greenlight /etc/greenlight /etc/greenlight/things.d
chmod 0750 "$root/etc/greenlight" "$root/etc/greenlight/things.d"
say "installed $version in $prefix"

# --- units
[ -z "$root" ] && [ -d /run/systemd/system ] || exit 0
[ $changed = no ] || systemctl daemon-reload
udevadm control --reload 2>/dev/null && udevadm trigger --subsystem-match=gpio 2>/dev/null || true
# as the unit will make it, so that the doctor finds it
[ -d /var/lib/greenlight ] || install -d -o greenlight -g greenlight -m 0750 /var/lib/greenlight
# what is wrong is told, and left to whoever reads it: the unit tries on
say 'greenlight doctor:'
setpriv --reuid=greenlight --regid=greenlight --init-groups /usr/local/bin/greenlight doctor -c /etc/greenlight/greenlight.yaml --state /var/lib/greenlight || true
[ $start = yes ] || exit 0
for unit in greenlight-update.path greenlight-update-resume.service; do
  [ ! -e "/etc/systemd/system/$unit" ] || systemctl enable --quiet "$unit"
done
[ ! -e /etc/systemd/system/greenlight-update.path ] || systemctl start greenlight-update.path
enabled=$(systemctl list-unit-files --state=enabled --no-legend 'greenlight*.service' | awk '$1 !~ /^greenlight-update/ {print $1}')
# instances are told by their links alone
for link in /etc/systemd/system/greenlight.target.wants/greenlight-thing@*.service; do
  [ ! -L "$link" ] || enabled="$enabled $(basename "$link")"
done
if [ -z "$(printf %s "$enabled" | tr -d '[:space:]')" ]; then enabled=greenlight.service; fi
# shellcheck disable=SC2086 # several words
systemctl enable --quiet greenlight.target $enabled
# shellcheck disable=SC2086
systemctl restart $enabled
for unit in $enabled; do say "started $unit"; done
say 'look with: greenlight status, systemctl status greenlight.target, journalctl -u greenlight'
