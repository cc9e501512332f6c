#!/usr/bin/env bash
# Runs every fuzz target for some time, one after the other.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/fuzz.sh [SECONDS]

Runs each fuzz target of fuzz/ for SECONDS seconds (default: 60), and stops at the first failure.

With Rust nightly and cargo-fuzz (scripts/peers.sh cargo-fuzz), libFuzzer runs them. It starts with the inputs in fuzz/corpus; those
that it finds go to fuzz/libfuzzer/corpus, and a failing input to fuzz/libfuzzer/artifacts. Without nightly, a plain loop changes the inputs
in fuzz/corpus, and names the file of a failing one. Copy a failing input to fuzz/corpus/TARGET, where `cargo test -p fuzz` runs it from then
on.

  -h, --help   this text
USAGE
}

say() { printf 'fuzz: %s\n' "$*" >&2; }
missing() {
  say "error: $1 is missing; install it: $2"
  exit 1
}

main() {
  local seconds=60 folder=fuzz/libfuzzer targets target
  case "${1:-}" in
    '') ;;
    -h | --help) usage; exit ;;
    *[!0-9]*) usage >&2; exit 2 ;;
    *) seconds=$1 ;;
  esac

  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  PATH=$PWD/target/peers/bin:$PATH
  # libFuzzer's instrumentation needs unstable compiler flags.
  if ! cargo +nightly --version >/dev/null 2>&1; then
    say "Rust nightly is missing: a plain loop without coverage"
    FUZZ_SECONDS=$seconds cargo test --locked --release -p fuzz --test plain -- --nocapture --test-threads 1
    return
  fi
  cargo fuzz --version >/dev/null 2>&1 || missing cargo-fuzz "scripts/peers.sh cargo-fuzz"

  targets=$(cargo +nightly fuzz list --fuzz-dir "$folder")
  for target in $targets; do
    say "$target, $seconds s"
    mkdir -p "$folder/corpus/$target"
    # New inputs go to the first folder.
    cargo +nightly fuzz run --fuzz-dir "$folder" "$target" "$folder/corpus/$target" "fuzz/corpus/$target" -- \
      -max_total_time="$seconds"
  done
}

main "$@"
