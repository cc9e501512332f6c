#!/usr/bin/env bash
# Installs the wasm32-wasip2 standard library for the Rust toolchain that this project uses.
#
# It uses rustup. If rustup's server can't be reached, it uses Debian's packages: it compiles the standard library
# from the package rust-src, and adds the C library from the package wasi-libc.
set -euo pipefail

target=wasm32-wasip2
rustup_timeout=120 # seconds; a closed network may drop packets instead of refusing them
# Suites that may have the sources of this exact Rust version, and a recent enough wasi-libc.
suites="trixie trixie-updates trixie-backports forky sid"

usage() {
  cat <<'USAGE'
Usage: scripts/wasm-target.sh [--from-debian]

Installs the wasm32-wasip2 standard library for the current Rust toolchain: by rustup, or from Debian's
packages if rustup's server can't be reached. Does nothing if it is installed already.

  --from-debian   don't try rustup
  -h, --help      this text

The installation from Debian's packages needs Debian (any release) and about 1 GB in the temporary folder
(TMPDIR) while it runs; it does not need root. It adds one folder to the toolchain, and changes nothing
else. The last line of output says how to remove that folder.
USAGE
}

say() { printf 'wasm-target: %s\n' "$*" >&2; }
die() {
  say "error: $1"
  shift
  printf '  %s\n' "$@" >&2
  exit 1
}

# The folder is moved into place when it is complete: if it exists, it is complete.
installed() { compgen -G "$target_dir/lib/libstd-*.rlib" >/dev/null; }

by_rustup() {
  command -v rustup >/dev/null || { say "no rustup on the PATH"; return 1; }
  # rustup adds the target to its own toolchains only, not to a distribution's rustc or to a copy.
  local rustups
  rustups=$(rustup which rustc 2>/dev/null | xargs -r realpath) || true
  [ "$rustups" = "$(realpath "$sysroot/bin/rustc")" ] || { say "$sysroot is not a rustup toolchain"; return 1; }
  say "rustup target add $target"
  if command -v timeout >/dev/null; then
    timeout "$rustup_timeout" rustup target add "$target"
  else
    rustup target add "$target"
  fi || { say "rustup could not install it"; return 1; }
  installed
}

# Creates a separate apt configuration with more suites than the machine's, which stays unchanged.
# It uses the machine's archive address, and checks signatures as usual.
configure_apt() {
  local apt=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg site suite
  [ -e "$keyring" ] || die "Debian's keyring is missing: $keyring" "apt-get install debian-archive-keyring"
  # By origin if apt has its package lists; by name if they were removed, as in many images.
  # shellcheck disable=SC2016 # apt expands $(SITE)
  site=$({
    apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian'
    apt-get indextargets --format '$(SITE)' 'Created-By: Packages' --no-release-info | grep '/debian/\?$'
  } | grep -v -e '-security' | head -n 1) || true
  [ -n "$site" ] || die "apt has no Debian archive configured" \
    "add one to /etc/apt/sources.list.d and run apt-get update, or connect to rustup's server"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
  for suite in $suites; do
    echo "deb [signed-by=$keyring] $site $suite main"
  done >"$apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "$apt/parts";
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "$(id -un)";
CONF
}

# unpack NAME VERSION_PATTERN ROOT: downloads and unpacks the newest matching version of a package.
unpack() {
  local version
  version=$(apt-cache madison "$1" | awk -F ' *[|] *' '{print $2}' | grep -E "$2" | sort -V | tail -n 1) || true
  [ -n "$version" ] || return 1
  say "$1 $version"
  (cd "$work" && apt-get -q=2 download "$1=$version") || die "$1 $version can't be downloaded"
  dpkg-deb -x "$work/$1"_*.deb "$3" || die "$1 $version can't be unpacked into $3"
}

from_debian() {
  local tool root library libc version of_this_version
  for tool in apt-get apt-cache dpkg-deb cargo flock; do
    command -v "$tool" >/dev/null || die "$tool is missing, and rustup can't be used" \
      "Either let rustup reach its server and run: rustup target add $target" \
      "or run this on Debian, and copy lib/rustlib/$target into $sysroot/lib/rustlib."
  done
  [ -w "$sysroot/lib/rustlib" ] || die "can't write to $sysroot/lib/rustlib" \
    "run this script as the toolchain's owner"

  # One installation at a time. The kernel releases the lock when this process and its children have ended.
  exec 9<"$sysroot/lib/rustlib"
  flock 9
  installed && return
  rm -rf "$staging" # left by a killed run

  work=$(mktemp -d)
  trap 'rm -rf "$work" "$staging"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP

  configure_apt "$work/apt"
  export APT_CONFIG=$work/apt/apt.conf
  say "reading Debian's package lists"
  apt-get -q=2 update 2>"$work/apt.log" || die "Debian's archive can't be read" "$(tail -n 3 "$work/apt.log")"

  version=$(rustc --version | cut -d ' ' -f 2)
  root=$work/root
  of_this_version="^${version//./\\.}[+-]"
  unpack rust-src "$of_this_version" "$root" || unpack rust-web-src "$of_this_version" "$root" ||
    die "no Debian suite has the sources of Rust $version ($suites)" \
      "Let rustup reach its server, or use a Rust version that Debian has: $(apt-cache madison rust-src |
        awk -F ' *[|] *' '{print $2}' | sed 's/[+-].*//' | sort -Vu | tr '\n' ' ')"
  unpack wasi-libc '' "$root" || die "no Debian suite has the package wasi-libc ($suites)"
  library=$(echo "$root"/usr/src/rustc-*/library)
  libc=$root/usr/lib/$target
  [ -e "$libc/crt1-command.o" ] || die "this wasi-libc has no $target: $(ls "$root/usr/lib")"

  say "compiling the standard library"
  mkdir -p "$work/crate/src"
  : >"$work/crate/src/lib.rs"
  printf '[package]\nname = "empty"\nedition = "2024"\n' >"$work/crate/Cargo.toml"
  # The guests' LTO reads bitcode from these libraries.
  # The caller's flags and target folder must not affect the build.
  (cd "$work/crate" && env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET -u RUSTC_WRAPPER \
    RUSTC_BOOTSTRAP=1 __CARGO_TESTS_ONLY_SRC_ROOT="$library" CARGO_TARGET_DIR="$work/built" \
    RUSTC="$sysroot/bin/rustc" RUSTFLAGS=-Cembed-bitcode=yes \
    "$sysroot/bin/cargo" build --quiet --release --target "$target" \
    -Zbuild-std=std,panic_abort,panic_unwind,proc_macro) || die "the standard library did not compile"

  mkdir -p "$staging/lib/self-contained"
  cp "$work/built/$target/release/deps/"*.rlib "$staging/lib/"
  rm -f "$staging/lib/libempty-"*.rlib
  cp "$libc"/{crt1-command.o,crt1-reactor.o,libc.a} "$staging/lib/self-contained/"
  mv -T "$staging" "$target_dir"
  installed
}

main() {
  local from_debian_only=no undo
  case "${1:-}" in
    '') ;;
    --from-debian) from_debian_only=yes ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
  esac

  # rust-toolchain.toml selects the toolchain by folder: the project's folder, or the current folder if bash
  # got this script as text.
  [ -z "${BASH_SOURCE[0]:-}" ] || cd "$(dirname "${BASH_SOURCE[0]}")/.."
  command -v rustc >/dev/null || die "no rustc on the PATH" "install Rust: https://rustup.rs"
  sysroot=$(rustc --print sysroot)
  target_dir=$sysroot/lib/rustlib/$target
  staging=$sysroot/lib/rustlib/.$target.partial

  if installed; then
    say "$target is installed already: $target_dir"
    exit
  fi
  undo="rustup target remove $target"
  if [ "$from_debian_only" = yes ] || ! by_rustup; then
    say "using Debian's packages"
    from_debian
    undo="rm -r $target_dir" # rustup doesn't know this folder, and would report a conflict on adding the target
  fi
  say "installed $target in $target_dir"
  say "to undo: $undo"
}

main "$@"
