#!/usr/bin/env python3
"""Records the corpus: starts each server on the loopback interface, fires bursts at it, and writes judge/corpus/.

scripts/corpus.sh calls this.
"""
import argparse
import contextlib
import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path

from choice import cases, expected_of, quick_first
from fire import record_as_meant
from machine import Lock
from running import Running
from servers import SERVERS
from store import recorded, write

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
CORPUS = PROJECT / "judge/corpus"


def say(text):
    print(f"corpus: {text}", file=sys.stderr, flush=True)


def record_server(server, tools, lock, most, keep):
    chosen = quick_first(server, cases(server))[:most]
    kept = recorded(server, tools["out"]) if keep else {}
    traces = [(case, kept[name]) for case in cases(server) if (name := f"{server.name}-{case.name()}") in kept]
    todo = [case for case in chosen if f"{server.name}-{case.name()}" not in kept]
    if not todo:
        if traces:
            # The truths may have changed.
            write(server, traces, tools)
        return []
    new = len(traces)
    while todo:
        with contextlib.ExitStack() as stack:
            # Starting a server computes, too.
            lock.take(8 + expected_of(server, todo[0])["took"] / 1e3 + 4)
            running = stack.enter_context(Running(server, tools))
            while todo:
                case = todo[0]
                lock.take(expected_of(server, case)["took"] / 1e3 * 1.3 + 5)
                try:
                    traces.append((case, record_as_meant(server, case, running, tools)))
                except (OSError, RuntimeError, http.client.HTTPException, subprocess.TimeoutExpired) as error:
                    say(f"{server.name} {case.name()}: {type(error).__name__}: {error}")
                todo.pop(0)
                if server.is_fresh:
                    break
    if not traces:
        raise RuntimeError(f"{server.name}: no burst was recorded")
    write(server, traces, tools)
    return traces[new:]


def summary(case, trace, expected):
    good = [request for request in trace["requests"] if 200 <= request.get("status", 0) < 300]
    took = max((request["done_us"] for request in good), default=0) / 1e3
    return (f"  {trace['name']}: {len(good)} good, {took:.0f} ms, expected {expected['took']:.0f}; "
            f"alone {trace['service_ms']:.1f} ms; {'/'.join(expected['kinds'])} by {'/'.join(expected['mechanisms'])}")


def parse(parser):
    """Adds the arguments that choose servers and programs; returns all arguments, and the chosen servers."""
    parser.add_argument("names", nargs="*", help="servers or families; all unless given")
    parser.add_argument("--loadtest", default=PROJECT / "target/release/loadtest", help="the load tester's binary")
    parser.add_argument("--python", default=PROJECT / "target/peers/corpus", help="the virtual environment of Python's servers")
    parser.add_argument("--classes", default=PROJECT / "target/peers/corpus-classes", help="the folder of compiled Java")
    args = parser.parse_args()
    known = {server.name for server in SERVERS} | {server.family for server in SERVERS}
    if unknown := [name for name in args.names if name not in known]:
        parser.error(f"unknown: {' '.join(unknown)}; --list prints the servers")
    names = args.names
    return args, [server for server in SERVERS if not names or server.name in names or server.family in names]


def tools_of(args):
    """The programs that servers need, by the names in their commands."""
    fpm = sorted(Path("/usr/sbin").glob("php-fpm*"))
    library = sorted(Path(args.python, "lib").glob("python3*"))
    return {"fpm": str(fpm[-1]) if fpm else "php-fpm", "python": library[-1].name if library else "python3",
            "loadtest": str(args.loadtest), "venv": str(args.python), "classes": str(args.classes),
            "sources": str(HERE / "sources"), "project": str(PROJECT)}


def main():
    # The servers end with the recorder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the servers, and record nothing")
    parser.add_argument("--missing", action="store_true", help="record only the bursts that are not recorded yet")
    parser.add_argument("--lock", help="hold this file's lock while recording, at most 90 s at a time")
    parser.add_argument("--nice", type=int, default=0, help="the priority of server and generator in quiet bursts; needs root")
    parser.add_argument("--out", type=Path, default=CORPUS, help="the folder to write")
    parser.add_argument("--traces", type=int, help="so many bursts at most at each server, quick ones first")
    args, chosen = parse(parser)
    if args.list:
        for server in chosen:
            print(f"{server.name:26} {server.traces:3}  {server.configuration}")
        return 0
    tools = {**tools_of(args), "out": args.out, "nice": args.nice}
    with contextlib.suppress(PermissionError):
        os.setsid()  # a session of its own, for `priority`
    lock, failed = Lock(args.lock), []
    for server in chosen:
        try:
            traces = record_server(server, tools, lock, args.traces, args.missing)
        except (OSError, RuntimeError) as error:
            say(f"error: {error}")
            failed.append(server.name)
            continue
        say(f"{server.name}: {len(traces)} traces")
        for case, trace in traces:
            say(summary(case, trace, expected_of(server, case)))
    lock.leave()
    if failed:
        say(f"error: not recorded: {' '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
