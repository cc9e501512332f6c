#!/usr/bin/env bash
# Writes target/paste/paste.html: the page that judges pasted results in the browser. Needs Node 20 or later, with npm.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v npm >/dev/null || {
  echo "paste: error: npm is missing: install Node 20 or later" >&2
  exit 1
}
scripts/wasm-target.sh
cargo build --locked --release --target wasm32-wasip2 --manifest-path paste/Cargo.toml --target-dir target/paste/cargo
(cd paste && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
node paste/build.mjs target/paste/cargo/wasm32-wasip2/release/paste.wasm target/paste/paste.html
