#!/usr/bin/env bash
# Runs every fuzz target of the workspace, one after the other.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/fuzz.sh [SECONDS]

Runs each fuzz target in judge/fuzz and results/fuzz for SECONDS seconds (default: 60), and stops at the
first failure. The failing input is kept in the crate's fuzz/artifacts.

  -h, --help   this text
USAGE
}

say() { printf 'fuzz: %s\n' "$*" >&2; }
missing() {
  say "error: $1 is missing; install it: $2"
  exit 1
}

main() {
  local seconds=60 folder targets target
  case "${1:-}" in
    '') ;;
    -h | --help) usage; exit ;;
    *[!0-9]*) usage >&2; exit 2 ;;
    *) seconds=$1 ;;
  esac

  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  PATH=$PWD/target/peers/bin:$PATH
  # libFuzzer's instrumentation needs unstable compiler flags.
  cargo +nightly --version >/dev/null 2>&1 || missing "Rust nightly" "rustup toolchain install nightly"
  cargo fuzz --version >/dev/null 2>&1 || missing cargo-fuzz "scripts/peers.sh cargo-fuzz"

  for folder in judge/fuzz results/fuzz; do
    targets=$(cargo +nightly fuzz list --fuzz-dir "$folder")
    for target in $targets; do
      say "$folder: $target, $seconds s"
      cargo +nightly fuzz run --fuzz-dir "$folder" "$target" -- -max_total_time="$seconds"
    done
  done
}

main "$@"
