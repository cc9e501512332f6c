#!/usr/bin/env bash
# Regenerates docs/diagnosing-cases.md: `loadtest diagnose` at six servers whose mechanism is known. Needs python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

port=18080
page=docs/diagnosing-cases.md
server=

end_server() {
  if [ -n "$server" ]; then
    kill -- "-$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
  fi
}
trap end_server EXIT

# start COMMAND...: starts a server that listens on $port, in a process group of its own.
start() {
  setsid "$@" >/dev/null 2>&1 &
  server=$!
  for _ in $(seq 200); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  echo "diagnosing.sh: $* does not listen on port $port" >&2
  return 1
}

# next: ends the server; the next one listens on another port.
next() {
  end_server
  port=$((port + 1))
}

# diagnose TITLE TRUTH PATH
diagnose() {
  printf '\n## %s\n\n%s\n\n    loadtest diagnose http://127.0.0.1:%s%s\n\n```text\n' "$1" "$2" "$port" "$3" >>"$page"
  # Exit code 4 only says that the mechanism is open.
  COLUMNS=110 target/release/loadtest diagnose "http://127.0.0.1:$port$3" 2>/dev/null >>"$page" || [ $? -eq 4 ]
  printf '```\n' >>"$page"
}

cargo build --locked --release -p loadtest
target/release/loadtest build
truths=$PWD/scripts/corpus/sources/truths.py

cat >"$page" <<'TEXT'
# Six diagnoses

What `loadtest diagnose` says of six servers whose mechanism is known; [diagnosing.md](diagnosing.md) explains the method.
`scripts/diagnosing.sh` writes this page.
TEXT

next
start python3 "$truths" "$port" pool
diagnose 'A pool' 'Ten requests at a time, whatever comes.' /200
next
start python3 "$truths" "$port" rate
diagnose 'A rate limit' 'A request starts every 50 ms. Nothing from outside tells it from a cost of the server for each request.' /200
next
start python3 "$truths" "$port" lock
diagnose 'A lock' 'Half of each request is spent under a lock.' /200
next
start python3 "$truths" "$port" cold
diagnose 'A cold start' 'A new instance takes 1 s more; one is warm.' /200
next
start python3 scripts/corpus/sources/reuseport.py "$port"
diagnose 'Sticky connections' 'Four processes listen on one port (SO_REUSEPORT); a connection stays with its process.' /200
next
start target/release/loadtest serve spin-wasip3.toml --no-build -q --listen "127.0.0.1:$port"
diagnose 'A shared Spin instance' 'A WASIp3 component that awaits, then blocks. Up to 16 requests share an instance.' /e2/p4
