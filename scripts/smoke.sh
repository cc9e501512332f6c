#!/usr/bin/env bash
# Tests the archives in target/package as a user without Rust would: unpacked in an empty folder, with nothing on the PATH but
# coreutils.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../target/package"

fail() { printf 'smoke: %s\n' "$*" >&2; exit 1; }

sha256sum --quiet --check SHA256SUMS-*
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin" "$scratch/home" "$scratch/work" "$scratch/plugin"
for tool in cat ls mkdir rm; do ln -s "$(command -v "$tool")" "$scratch/bin/$tool"; done
tar -xzf loadtest-*.tar.gz -C "$scratch" --strip-components 1
tar -xzf burst-*.tar.gz -C "$scratch/plugin"

# in_scratch PROGRAM ARGUMENTS...
in_scratch() { (cd "$scratch/work" && env -i PATH="$scratch/bin" HOME="$scratch/home" "$@"); }
loadtest=$scratch/loadtest

# The experiment. A busy machine blurs the verdicts of short waits: then once more with longer ones.
in_scratch "$loadtest" --check --quiet --time-scale 0.1 || in_scratch "$loadtest" --check --quiet --time-scale 0.5 ||
  fail "the experiment ended with exit code $?"
[ -z "$(ls -A "$scratch/work")" ] || fail "the experiment left files: $(ls -A "$scratch/work")"

in_scratch "$loadtest" lab export lab
[ -s "$scratch/work/lab/components/wasip3_await_then_block.wasm" ] || fail 'the exported application has no components'

bash -n "$scratch/completions/loadtest.bash"
in_scratch "$loadtest" completions bash | cmp - "$scratch/completions/loadtest.bash"
for page in loadtest loadtest-run loadtest-burst loadtest-lab-export; do
  grep -q '^\.TH ' "$scratch/man/$page.1" || fail "no manual page $page"
done
for file in README.md LICENSE-APACHE LICENSE-MIT plugin/LICENSE-MIT; do
  [ -s "$scratch/$file" ] || fail "no $file"
done

in_scratch "$scratch/plugin/burst" --version
grep -q "$(sha256sum burst-*.tar.gz | cut -d ' ' -f 1)" burst.json || fail 'burst.json has another checksum than its archive'
python3 - <<'PYTHON'
import glob, json
document = json.load(open(glob.glob("loadtest-*.cdx.json")[0]))
names = {component["name"] for component in document["components"]}
assert {"wasmtime", "tokio", "host", "spin-sdk"} <= names and "proptest" not in names, sorted(names)
PYTHON
printf 'smoke: passed\n' >&2
