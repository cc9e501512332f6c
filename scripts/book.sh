#!/usr/bin/env bash
# Builds the book into target/book/html, and checks its links. `scripts/peers.sh mdbook` installs what it needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

book=target/book
rm -rf "$book"
mkdir -p "$book/src"
git ls-files -z -- '*.md' docs deploy middleware baselines action.yml systems.toml loadtest/setups.toml LICENSE-APACHE LICENSE-MIT |
  xargs -0 cp --parents -t "$book/src"
# mdBook makes a folder's README.md its index.html, but leaves the links to it as they are.
find "$book/src" -name '*.md' -exec sed -i -E 's#(\]\([^)]*)README\.md#\1index.md#' {} +
# The book's root is the project's folder, and SUMMARY.md has to be there.
sed -E 's#\]\(([^.])#](docs/\1#; s#\]\(\.\./#](#' docs/SUMMARY.md >"$book/src/SUMMARY.md"
cp target/paste/paste.html "$book/src/docs" 2>/dev/null || { echo "book: target/paste/paste.html is missing: run scripts/paste.sh" >&2; exit 1; }
rm "$book/src/docs/SUMMARY.md" "$book/src/docs/book.toml"

log=$(PATH=$PWD/target/peers/mdbook/bin:$PWD/target/peers/bin:$PATH mdbook build docs 2>&1) || { printf '%s\n' "$log" >&2; exit 1; }
! grep -iE 'warn|error' <<<"$log" >&2 || exit 1
scripts/book-links.py "$book/html"
