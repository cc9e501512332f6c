#!/usr/bin/env bash
# The step of action.yml: runs `loadtest`, and gives the result to the job: its summary, its outputs, its exit code.
#
# From action.yml: COMMAND (the command with its flags), OUT (the folder for reports), RELEASES and VERSION (where a release is).
# From the runner: GITHUB_STEP_SUMMARY, GITHUB_OUTPUT, RUNNER_TEMP. `loadtest` itself prints annotations.
set -euo pipefail

fail() { printf '::error::%s\n' "$*"; exit 2; }

# The release's program, if there is none on the PATH.
installed() {
  command -v loadtest && return
  local target name folder
  target=$(uname -m)-unknown-linux-gnu
  name=loadtest-${VERSION#v}-$target.tar.gz
  folder=$(mktemp -d -p "${RUNNER_TEMP:-/tmp}")
  for file in "$name" "SHA256SUMS-$target"; do
    curl --fail --silent --show-error --location --output "$folder/$file" "$RELEASES/$VERSION/$file" ||
      fail "no release $VERSION for $target: give \`version\`, such as v0.2.0, or put loadtest on the PATH" >&2
  done
  (cd "$folder" && grep " $name\$" "SHA256SUMS-$target" | sha256sum --check --status) ||
    fail "$name has another checksum than the release says" >&2
  tar -xzf "$folder/$name" -C "$folder" --strip-components 1
  printf '%s\n' "$folder/loadtest"
}

# The words of COMMAND, as a shell would split them; nothing in them is run.
words=$(xargs printf '%s\n' <<<"$COMMAND") || fail "command: $COMMAND"
mapfile -t words <<<"$words"
[ -n "${words[0]}" ] || fail "command: a command with its flags is needed, such as: audit spin.toml"

# Which commands write reports, and which print what the summary shows.
report=()
case "${words[0]}" in
  run | burst | diagnose | audit | analyze | merge) report=(--out "$OUT") ;;
  compare) report=(--format markdown) ;;
esac

loadtest=$(installed)
log=$(mktemp -p "${RUNNER_TEMP:-/tmp}")
code=0
"$loadtest" "${words[@]}" "${report[@]}" | tee "$log" || code=${PIPESTATUS[0]}

{
  printf '### loadtest %s\n\n' "${words[0]}"
  if [ -f "$OUT/report.md" ] && [ "${report[0]:-}" = --out ]; then
    cat "$OUT/report.md"
  elif [ "${words[0]}" = compare ]; then
    cat "$log"
  else
    fence='```'
    printf '%stext\n%s\n%s\n' "$fence" "$(cat "$log")" "$fence"
  fi
} >>"$GITHUB_STEP_SUMMARY"

[ "${report[0]:-}" != --out ] || printf 'folder=%s\n' "$OUT" >>"$GITHUB_OUTPUT"
printf 'exit-code=%s\n' "$code" >>"$GITHUB_OUTPUT"
exit "$code"
