#!/bin/sh
# Installs Greenlight on this machine from the folder of an unpacked package (or a built checkout).
# Needs no compiler. May be run again: it then upgrades, and keeps configuration and state.
set -eu

usage() {
  cat <<EOF
usage: sudo ./systemd/install.sh [--role FILE] [--prefix DIR] [--root DIR] [--with-native] [--no-start]
  --role FILE     configuration for a first installation (default: config/pi-crossing.yaml)
  --prefix DIR    where the application goes (default: /opt/greenlight)
  --root DIR      install into a file system tree below DIR; nothing is started
  --with-native   also compile onoff, pigpio and node-dht-sensor (needs g++ and python3)
  --no-start      do not enable and start the unit
EOF
}

here=$(cd "$(dirname "$0")/.." && pwd)
prefix=/opt/greenlight role=$here/config/pi-crossing.yaml root='' native=no start=yes
while [ $# -gt 0 ]; do
  case $1 in
    --role) role=$2; shift ;;
    --prefix) prefix=$2; shift ;;
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

# --- checks, before anything is written
case $prefix in /*) ;; *) fail "--prefix $prefix is no absolute path" ;; esac
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail 'run it with sudo'
[ -f "$here/dist/src/main.js" ] || fail "$here/dist is missing: take the packed tarball, or run npm ci && npm run build first"
[ -f "$role" ] || fail "--role $role: no such file; those that come with the package are in $here/config"
node=$(command -v node) || fail 'node is missing: sudo apt install nodejs npm'
"$node" -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>20||(a===20&&b>=19)?0:1)' ||
  fail "Node $("$node" -v) is too old: 20.19 or newer is needed"
command -v npm >/dev/null || fail 'npm is missing: sudo apt install npm'
[ "$(date +%Y)" -ge 2026 ] || fail "the clock says $(date +%F): set it first (timedatectl set-ntp true), certificates need it"
mkdir -p "$root$(dirname "$prefix")"
free=$(df -Pk "$root$(dirname "$prefix")" | awk 'NR==2 {print int($4/1024)}')
[ "$free" -ge 400 ] || fail "only $free MiB are free for $prefix: 400 are needed (sudo apt clean)"
if [ -e "$root$prefix" ] && [ ! -e "$root$prefix/.installed" ]; then
  fail "$prefix exists and was not made by this installer: move it away, or choose another --prefix"
fi

# --- the application, beside the old one, switched at the end
new=$root$prefix.new
rm -rf "$new"
mkdir -p "$new"
trap 'rm -rf "$new"' EXIT
for part in dist config systemd runtimes docs page package.json README.md LICENSE CHANGELOG.md; do
  [ ! -e "$here/$part" ] || cp -R "$here/$part" "$new/"
done
# the exact packages that were tested
for lock in "$here/dist/packages.lock.json" "$here/package-lock.json"; do
  [ ! -f "$lock" ] || cp "$lock" "$new/package-lock.json"
done
if [ -d "$here/node_modules" ] && [ -f "$here/.bundled" ]; then
  cp -R "$here/node_modules" "$new/"
else
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
(cd "$new" && "$node" dist/src/main.js --version >/dev/null) || fail 'the application does not start with this Node'

list=$new/.installed
: >"$list"
changed=no
put() { # SOURCE TARGET: one file outside the prefix, listed for the uninstaller
  mkdir -p "$root$(dirname "$2")"
  if ! cmp -s "$1" "$root$2"; then
    install -m "${3:-0644}" "$1" "$root$2"
    say "wrote $2"
    changed=yes
  fi
  printf '%s\n' "$2" >>"$list"
}

work=$(mktemp -d)
trap 'rm -rf "$new" "$work"' EXIT
version=$(systemctl --version 2>/dev/null | awk 'NR==1 {print $2}')
for unit in "$here"/systemd/*.service "$here"/systemd/*.target; do
  name=$(basename "$unit")
  sed -e "s#/opt/greenlight#$prefix#g" -e "s#/usr/bin/node#$node#g" "$unit" >"$work/$name"
  put "$work/$name" "/etc/systemd/system/$name"
  case $name in
    *.service) [ "${version:-0}" -lt 254 ] || put "$here/systemd/10-back-off.conf" "/etc/systemd/system/$name.d/10-back-off.conf" ;;
  esac
done
put "$here/systemd/greenlight.sysusers" /usr/lib/sysusers.d/greenlight.conf
put "$here/systemd/greenlight.tmpfiles" /usr/lib/tmpfiles.d/greenlight.conf
put "$here/systemd/60-greenlight.rules" /usr/lib/udev/rules.d/60-greenlight.rules
cat >"$work/greenlight" <<EOF
#!/bin/sh
# speaks to the instance of greenlight.service unless told otherwise
export GREENLIGHT_STATE="\${GREENLIGHT_STATE:-/var/lib/greenlight}"
exec $node $prefix/dist/src/main.js "\$@"
EOF
put "$work/greenlight" /usr/local/bin/greenlight 0755

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
  say "wrote /etc/greenlight/greenlight.yaml (from $(basename "$role"))"
fi
[ -n "$root" ] || chown -R root:greenlight /etc/greenlight
chmod 0750 "$root/etc/greenlight" "$root/etc/greenlight/things.d"

# --- switch
old=$root$prefix.old
rm -rf "$old"
[ ! -e "$root$prefix" ] || mv "$root$prefix" "$old"
mv "$new" "$root$prefix"
rm -rf "$old"
say "installed $(node -p "require('$root$prefix/package.json').version") in $prefix"

if [ -z "$root" ] && [ -d /run/systemd/system ]; then
  [ $changed = no ] || systemctl daemon-reload
  udevadm control --reload 2>/dev/null && udevadm trigger --subsystem-match=gpio 2>/dev/null || true
  if [ $start = yes ]; then
    # what is wrong is told, and left to whoever reads it: the unit tries on
    runuser -u greenlight -- /usr/local/bin/greenlight doctor -c /etc/greenlight/greenlight.yaml --state /var/lib/greenlight || true
    systemctl enable --quiet greenlight.target greenlight.service
    systemctl restart greenlight.service
    say 'started greenlight.service (systemctl status greenlight, greenlight status)'
  fi
fi
