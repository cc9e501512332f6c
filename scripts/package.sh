#!/usr/bin/env bash
# Packs a release for the machine's platform into target/package.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/package.sh

Builds the guests and a `loadtest` that carries them (feature `bundled`), and writes to target/package:

  loadtest-VERSION-TARGET.tar.gz   the program, its completions and manual pages, licences, README
  loadtest-VERSION-TARGET.cdx.json what it is made of (SBOM, CycloneDX)
  burst-VERSION-TARGET.tar.gz      the same program as a plugin of Spin
  burst.json                       the plugin's manifest: spin plugins install --file target/package/burst.json
  SHA256SUMS-TARGET                checksums of the archives and the SBOM

Variables:
  PROFILE     cargo's profile [default: dist]; `release` and `dev` compile faster
  BUILT       such a program to pack, in place of building one
  GLIBC       the oldest glibc that the program shall run with, such as 2.28 [default: this machine's].
              Needs `scripts/peers.sh cargo-zigbuild`
  BASE_URL    where the plugin's archive will be published [default: target/package, as a file:// URL]
  REPOSITORY  the project's address, for the plugin's manifest [default: none]
USAGE
}

case "$*" in
  '') ;;
  -h | --help) usage; exit ;;
  *) usage >&2; exit 2 ;;
esac

[ -z "${BUILT:-}" ] || BUILT=$(realpath -e "$BUILT")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
profile=${PROFILE:-dist}
target=$(rustc -vV | sed -n 's/^host: //p')
version=$(cargo metadata --locked --no-deps --format-version 1 |
  python3 -c 'import json, sys; print(next(p["version"] for p in json.load(sys.stdin)["packages"] if p["name"] == "loadtest"))')
package=$PWD/target/package

build() {
  if [ -n "${BUILT:-}" ]; then
    built=$BUILT
    return
  fi
  scripts/wasm-target.sh
  # What the manifests' build commands do, from the lock file.
  (cd components && cargo build --locked --release)
  local arguments=(--locked --profile "$profile" -p loadtest --features bundled)
  if [ -n "${GLIBC:-}" ]; then
    PATH=$PWD/target/peers/cargo-zigbuild/bin:$PATH cargo zigbuild "${arguments[@]}" --target "$target.$GLIBC"
    built=target/$target/$profile/loadtest
  else
    cargo build "${arguments[@]}"
    built=target/${profile/#dev/debug}/loadtest
  fi
}

# archive NAME FILE...: packs files of $staging/NAME. The same files give the same archive.
archive() {
  local name=$1
  shift
  tar --sort=name --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" --owner=0 --group=0 --numeric-owner \
    --directory "$staging" --create "$@" | gzip -n9 >"$package/$name.tar.gz"
}

pack_program() {
  local name=loadtest-$version-$target
  local folder=$staging/$name
  mkdir -p "$folder/completions" "$folder/man"
  strip -o "$folder/loadtest" "$built"
  cp README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "$folder"
  "$folder/loadtest" completions bash >"$folder/completions/loadtest.bash"
  "$folder/loadtest" completions zsh >"$folder/completions/_loadtest"
  "$folder/loadtest" completions fish >"$folder/completions/loadtest.fish"
  "$folder/loadtest" completions powershell >"$folder/completions/_loadtest.ps1"
  "$folder/loadtest" man "$folder/man"
  archive "$name" "$name"
  scripts/sbom.py "$target" >"$package/$name.cdx.json"
  printf 'package: the program has %s bytes\n' "$(stat -c %s "$folder/loadtest")" >&2
}

# Spin expects the program under the plugin's name.
pack_plugin() {
  local name=burst-$version-$target
  mkdir "$staging/plugin"
  cp "$staging/loadtest-$version-$target/loadtest" "$staging/plugin/burst"
  cp LICENSE-APACHE LICENSE-MIT "$staging/plugin"
  archive "$name" --transform 's,^plugin/,,' plugin/burst plugin/LICENSE-APACHE plugin/LICENSE-MIT
  scripts/plugin-manifest.py "$version" "$target" "$package/$name.tar.gz" >"$package/burst.json"
}

staging=$(mktemp -d)
trap 'rm -r "$staging"' EXIT
build
rm -rf "$package"
mkdir -p "$package"
pack_program
pack_plugin
(cd "$package" && sha256sum ./*.tar.gz ./*.cdx.json | sed 's,\./,,' >"SHA256SUMS-$target")
ls -l "$package" >&2
