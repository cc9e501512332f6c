#!/usr/bin/env bash
# Builds and collects the files of the images, from the lock files: deploy/container/build.sh FOLDER
#
# Both the Dockerfiles and .ci/run call it, so that the images' files are tested. BUILT is a `loadtest` to take in place of building
# one, as .ci/run does.
set -euo pipefail
[ $# -eq 1 ] || { echo 'Usage: deploy/container/build.sh FOLDER' >&2; exit 2; }
mkdir -p "$1"
folder=$(realpath "$1")
[ -z "${BUILT:-}" ] || BUILT=$(realpath -e "$BUILT")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

built=${BUILT:-target/dist/loadtest}
[ -n "${BUILT:-}" ] || cargo build --profile dist --locked -p loadtest
# The manifests' commands build the guests but may update their lock file, so check it first.
(cd components && cargo fetch --locked)
"$built" build spin.toml spin-wasip3.toml

install -D "$built" "$folder/bin/loadtest"
for manifest in spin.toml spin-wasip3.toml; do
  install -D -m 644 "$manifest" "$folder/app/$manifest"
  sed -n 's/^source = "\(.*\)"$/\1/p' "$manifest"
done | sort -u | while read -r guest; do
  install -D -m 644 "$guest" "$folder/app/$guest"
done
