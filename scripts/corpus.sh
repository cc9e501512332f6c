#!/usr/bin/env bash
# Records judge/corpus again: bursts at real servers whose limits stand in their configuration. See docs/corpus.md.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/corpus.sh [OPTION...] [SERVER...]

Installs the servers, starts each on the loopback interface, fires bursts at it, and writes judge/corpus. Records all
servers, or those named: a server, or a program such as nginx.

  --list       print the servers, and record nothing
  --diagnose   record nothing: run `loadtest diagnose` at each server, and compare the mechanism that it names
  --missing    record only the bursts that are not recorded yet
  --traces N   so many bursts at most at each server, quick ones first
  --out DIR    write there instead of judge/corpus
  --lock FILE  hold this file's lock while recording, at most 90 s at a time, then leave it for 60 s: others that use
               the machine wait for it
  --nice N     the priority of server and generator in quiet bursts, such as -18; needs root. Without it, the recorder
               waits until the machine is idle
  -h, --help   this text

Debian packages need root or sudo; Python's servers go into a virtual environment in target/peers. The load tester is
compiled first. The recorder needs Python 3.11. A recording of all takes an hour on a machine that does nothing else.
USAGE
}

packages=(nginx-light haproxy varnish apache2 lua-socket php-cli php-cgi php-fpm puma openjdk-17-jdk-headless nodejs python3-venv)
# What each package is needed for, in the same order.
programs=(nginx haproxy varnishd apache2 - php php-cgi - puma javac node -)

say() { printf 'corpus: %s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

is_installed() {
  case "$1" in
    -) dpkg -s "$2" >/dev/null 2>&1 ;;
    # Debian keeps servers where only root's PATH looks.
    *) PATH=$PATH:/usr/sbin command -v "$1" >/dev/null ;;
  esac
}

install_packages() {
  local at missing=()
  for at in "${!packages[@]}"; do
    is_installed "${programs[at]}" "${packages[at]}" || missing+=("${packages[at]}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "apt-get install ${missing[*]}"
  apt-cache show "${missing[@]}" >/dev/null 2>&1 || as_root apt-get -q=2 update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q=2 install --no-install-recommends "${missing[@]}" >&2
}

install_python() {
  [ -x "$python/bin/python" ] || python3 -m venv "$python"
  "$python/bin/python" -m pip install --quiet --disable-pip-version-check -r scripts/corpus/requirements.txt >&2
}

main() {
  local program=scripts/corpus/record.py
  if [ "${1-}" = --diagnose ]; then program=scripts/corpus/diagnose.py; shift; fi
  case " $* " in
    *' -h '* | *' --help '*) usage && exit ;;
    *' --list '*) exec python3 scripts/corpus/record.py "$@" ;;
  esac
  python=$PWD/target/peers/corpus
  classes=$PWD/target/peers/corpus-classes
  install_packages
  install_python
  javac -d "$classes" scripts/corpus/sources/Pool.java
  cargo build --quiet --release -p loadtest
  target/release/loadtest build >&2
  PATH=$PATH:/usr/sbin exec python3 "$program" --python "$python" --classes "$classes" "$@"
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
main "$@"
