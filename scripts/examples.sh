#!/usr/bin/env bash
# Regenerates the reports in docs/examples: the default run, and a burst of 10,000 requests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --locked --profile dist -p loadtest
loadtest=target/dist/loadtest
folder=target/examples
trap 'kill "${server:-}" 2>/dev/null || true' EXIT
mkdir -p docs/examples "$folder"

# The example output of docs/experiment.md is in $folder/default.txt.
"$loadtest" run --out "$folder/default" | tee "$folder/default.txt"
cp "$folder/default/report.html" docs/examples/default.html
cp "$folder/default/report.md" docs/examples/default.md

# The README's picture.
scripts/terminal-svg.py docs/terminal.svg "$loadtest" run --setup 7

"$loadtest" serve spin.toml --listen 127.0.0.1:0 --format json >"$folder/started" &
server=$!
until url=$(grep -o 'http://127[^"/]*' "$folder/started" | head -1) && [ -n "$url" ]; do sleep 0.1; done
"$loadtest" burst -n 10000 -c 10000 --out "$folder/burst" "$url/e2/p1"
cp "$folder/burst/report.html" docs/examples/ten-thousand.html
