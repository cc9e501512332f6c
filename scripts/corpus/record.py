#!/usr/bin/env python3
"""Records the corpus: starts each server on the loopback interface, fires bursts at it, and writes judge/corpus/.

scripts/corpus.sh calls this.
"""
import argparse
import contextlib
import fcntl
import gzip
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ideal
from servers import SERVERS
from truth import Case

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
CORPUS = PROJECT / "judge/corpus"
LONGEST_MS = 9_000
# The requests alone before a burst: so many at most, within this time.
MOST_SOLOS, SOLO_SECONDS = 8, 3.0
# Families and traces whose hash is 0 modulo these are held out: about a third in all.
HELD_OUT_FAMILIES, HELD_OUT_TRACES = 6, 5
# The share of the processors that is idle before a quiet burst.
IDLE = 0.85
# A generator that lags this much beside idle processors was disturbed.
DISTURBED_US = 5_000
# About how much processor time a request takes on one common processor, with the load generator's part.
COST_MS = {"werkzeug": 1.5, "hypercorn": 0.8, "uvicorn": 0.5, "tornado": 0.5, "aiohttp": 0.4, "cheroot": 0.5, "gunicorn": 0.5,
           "waitress": 0.5, "puma": 0.4}


def say(text):
    print(f"corpus: {text}", file=sys.stderr, flush=True)


def number_of(text):
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def is_held_out(server, name):
    return number_of(server.family) % HELD_OUT_FAMILIES == 0 or number_of(name) % HELD_OUT_TRACES == 0


def expected_of(server, case):
    """What counts as right: by the configuration, and by the processor time that the server needs for each request. The
    busy loops leave about half of it."""
    expected = server.truth(case)
    kinds, mechanisms = list(expected["kinds"]), list(expected["mechanisms"])
    if "parallel" in kinds and "none" not in mechanisms:
        # The limit hardly delays this burst.
        mechanisms.append("none")
    cost_ms = COST_MS.get(server.family, 0.2) * (2.5 if case.busy else 1)
    served = min(ideal.at_once(case, ideal.no_limit(case.wait_ms)), expected.get("k", case.n))
    if served * cost_ms > 0.25 * case.wait_ms and kinds != ["refused"]:
        kinds += ["limited"] if kinds == ["parallel"] else []
        mechanisms += [name for name in ("throughput", "shared_cpu") if name not in mechanisms]
        if "k" in expected:
            # The processor may allow fewer at a time.
            low = max(1, int(0.25 * case.wait_ms / cost_ms))
            expected |= {"k_low": min(low, expected.get("k_low", low)), "k_high": expected.get("k_high", expected["k"])}
    exceeds = expected["exceeds"] and "parallel" not in kinds
    return {**expected, "kinds": kinds, "mechanisms": mechanisms, "exceeds": exceeds}


def cases(server):
    """The bursts at a server: the same in each recording."""
    rng = random.Random(server.name)
    chosen, tries = [], 0
    while len(chosen) < server.traces and tries < 2000:
        tries += 1
        n = rng.choices([10, 20, 40, 60, 100], [3, 4, 3, 1, 2])[0]
        wait_ms = rng.choices([20, 100, 200, 500, 1000, 2000], [3, 4, 4, 2, 1, 0.4])[0]
        c = rng.choice([10, n // 2]) if server.has_loops and n >= 20 and rng.random() < 0.2 else n
        spacing_ms = rng.choice([1, 2, 5]) if server.has_spacing and rng.random() < 0.25 else 0
        # Two loops beside each third burst.
        case = Case(n, c, wait_ms, spacing_ms, len(chosen) % 3 == 2)
        if n not in server.sizes or wait_ms not in server.waits or case in chosen:
            continue
        truth = server.truth(case)
        is_long = truth["took"] > 4_000 and rng.random() < 0.7
        is_below = not truth["exceeds"] and server.truth(Case(100, 100, 200))["exceeds"] and rng.random() < 0.8
        if truth["took"] <= LONGEST_MS and not is_long and not is_below:
            chosen.append(case)
    return chosen


def quick_first(server, chosen):
    """Puts quick bursts first, except for one in three: few bursts still have several waits."""
    by_time = sorted(chosen, key=lambda case: server.truth(case)["took"] + min(10 * case.wait_ms, 4_000))
    late = by_time[3::3]
    early = [case for case in by_time if case not in late]
    mixed = []
    while early or late:
        mixed += early[:2] + late[:1]
        early, late = early[2:], late[1:]
    return mixed


class Lock:
    """Lets a machine be shared: holds a file's lock while it records, at most 90 s at a time, then leaves it for
    60 s."""

    def __init__(self, path):
        self.file = open(path, "a") if path else None
        self.since = None

    def take(self, seconds):
        if self.file is None:
            return
        if self.since is not None and time.monotonic() + seconds > self.since + 90:
            self.leave()
            time.sleep(60)
        if self.since is None:
            fcntl.flock(self.file, fcntl.LOCK_EX)
            self.since = time.monotonic()

    def leave(self):
        if self.since is not None:
            fcntl.flock(self.file, fcntl.LOCK_UN)
            self.since = None


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def end(process):
    """Ends a process and those that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        pass
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Running:
    """A started server."""

    def __init__(self, server, tools):
        self.server, self.tools, self.processes = server, tools, []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="corpus-")
        os.chmod(self.folder, 0o755)
        self.ports = free_ports(3)
        names = {"port": self.ports[0], "port2": self.ports[1], "port3": self.ports[2], "folder": self.folder, **self.tools}
        for name, text in self.server.files.items():
            Path(self.folder, name).write_text(text.format(**names))
        environment = {**os.environ, **{key: value.format(**names) for key, value in self.server.environment.items()}}
        self.log = open(Path(self.folder, "output.log"), "w")
        try:
            for command in self.server.commands:
                self.processes.append(
                    subprocess.Popen(command.format(**names).split(), cwd=self.folder, env=environment,
                                     stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True))
            used = [self.ports[at] for at, name in enumerate(("{port}", "{port2}", "{port3}"))
                    if at == 0 or any(name in command for command in self.server.commands)]
            for port in used:
                self.await_port(port)
            # Reverse proxies and pools of processes need a moment more.
            time.sleep(0.3)
        except BaseException:
            self.__exit__()
            raise
        return self

    def await_port(self, port):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            if any(process.poll() is not None for process in self.processes):
                break
            time.sleep(0.05)
        self.log.flush()
        raise RuntimeError(f"{self.server.name} does not start: {Path(self.folder, 'output.log').read_text()[-2000:]}")

    def __exit__(self, *_):
        for process in reversed(self.processes):
            end(process)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Alone:
    """Requests alone, over one connection while the server keeps it open."""

    def __init__(self, server, port, wait_ms):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.path = server.path.format(wait=wait_ms)
        self.headers = {"User-Agent": "loadtest", **dict(server.headers)}
        if "--disable-keepalive" in server.flags:
            self.headers["Connection"] = "close"

    def __enter__(self):
        return self

    def time_ms(self):
        # Connecting doesn't count.
        if self.connection.sock is None:
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        self.connection.request("GET", self.path, headers=self.headers)
        answer = self.connection.getresponse()
        answer.read()
        if "Connection" in self.headers:
            self.connection.close()
        took = (time.perf_counter() - began) * 1e3
        # A refused one did no work.
        return round(took, 3) if answer.status == 200 else None

    def __exit__(self, *_):
        self.connection.close()


def before(server, port, wait_ms):
    with Alone(server, port, wait_ms) as alone:
        warm_up = alone.time_ms()
        times, began = [], time.monotonic()
        while len(times) < MOST_SOLOS:
            slowest = max((took for took in times if took), default=wait_ms) / 1e3
            if times and time.monotonic() - began + slowest > SOLO_SECONDS:
                break
            times.append(alone.time_ms())
    return warm_up, [took for took in times if took is not None]


def after(server, port, wait_ms):
    with Alone(server, port, wait_ms) as alone:
        return alone.time_ms() if wait_ms < 1000 else None


@contextlib.contextmanager
def busy_loops(count):
    """Processes that compute all the time."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True) for _ in range(count)]
    try:
        if count:
            time.sleep(0.3)
        yield
    finally:
        for loop in loops:
            end(loop)


def burst(server, case, port, service_ms, tools):
    """Fires the burst, and returns its part of result.json with the generator's condition."""
    with tempfile.TemporaryDirectory() as folder:
        command = [tools["loadtest"], "burst", "-n", str(case.n), "-c", str(case.c), "--quiet", "--no-color",
                   "--service-ms", str(service_ms), "--out", folder, "--format", "json", *server.flags]
        for name, value in server.headers:
            command += ["-H", f"{name}: {value}"]
        if case.spacing_ms:
            command += ["--spacing", f"{case.spacing_ms}ms"]
        command.append(f"http://127.0.0.1:{port}" + server.path.format(wait=case.wait_ms))
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        files = list(Path(folder).rglob("result.json"))
        if not files:
            raise RuntimeError(f"{server.name}: loadtest wrote no result: {done.stderr[-500:]}")
        document = json.loads(files[0].read_text())
        return document["runs"][0]["bursts"][0], document["generator"]


# The fields of a request that a trace keeps.
KEPT = ("i", "connect_us", "planned_us", "sent_us", "first_byte_us", "done_us", "status", "error_kind", "instance", "served", "style",
        "entered_us", "left_us")


def await_quiet():
    """Waits until most of the machine has been idle for a fifth of a second, for ten seconds at most."""

    def times():
        numbers = [int(number) for number in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return numbers[3] + numbers[4], sum(numbers)

    for _ in range(50):
        idle, total = times()
        time.sleep(0.2)
        idle_now, total_now = times()
        if idle_now - idle >= IDLE * (total_now - total):
            return
    raise RuntimeError("the machine is too busy for a quiet burst; --nice helps")


@contextlib.contextmanager
def priority(running, nice):
    """Gives the server, the recorder and the generator, which inherits it, this priority."""
    groups = [process.pid for process in running.processes]

    def give(value):
        for group in [*groups, os.getpid()]:
            # With autogroups, priorities count within a session only, and each session has one of its own.
            with contextlib.suppress(OSError):
                Path(f"/proc/{group}/autogroup").write_text(str(value))
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PGRP, group, value)

    give(nice)
    try:
        yield
    finally:
        give(0)


def record_as_meant(server, case, running, tools):
    """Records again, once, if something else disturbed a quiet burst."""
    nice = 0 if case.busy else tools["nice"]
    for last in (False, True):
        if not case.busy and nice == 0:
            await_quiet()
        with priority(running, nice):
            trace = record(server, case, running.ports[0], tools)
        if case.busy or last or server.is_fresh or trace["generator"]["lag_p99_us"] < DISTURBED_US:
            return trace


def record(server, case, port, tools):
    with busy_loops(2 if case.busy else 0):
        warm_up_ms, before_ms = before(server, port, case.wait_ms)
        service_ms = statistics.median(before_ms) if before_ms else float(case.wait_ms)
        fired, generator = burst(server, case, port, service_ms, tools)
        after_ms = after(server, port, case.wait_ms)
    requests = [{key: request[key] for key in KEPT if request.get(key) is not None} for request in fired["requests"]]
    return {
        "name": f"{server.name}-{case.name()}",
        "n": case.n,
        "c": case.c,
        "spacing_ms": case.spacing_ms,
        "service_ms": service_ms,
        "baseline": {"warm_up_ms": warm_up_ms, "before_ms": before_ms, "after_ms": after_ms},
        "keep_alive": "--disable-keepalive" not in server.flags,
        "shared_clock": True,
        "generator": {"cpu": generator["cpu"], "lag_p99_us": generator["lag_p99_us"]},
        "server": fired.get("server"),
        "requests": requests,
    }


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return json.dumps(value)


def truth_lines(server, case, name):
    expected = expected_of(server, case)
    fields = {
        "name": name,
        "n": case.n,
        "c": case.c,
        "wait_ms": case.wait_ms,
        "spacing_ms": case.spacing_ms,
        "busy": case.busy,
        "exceeds": expected["exceeds"],
        "kinds": expected["kinds"],
        **{key: expected[key] for key in ("k", "k_low", "k_high") if key in expected},
        "mechanisms": expected["mechanisms"],
        "parameters": expected["parameters"],
        "held_out": is_held_out(server, name),
    }
    return ["", "[[trace]]", *(f"{key} = {toml(value)}" for key, value in fields.items())]


def version(server, tools):
    if not server.version:
        return ""
    done = subprocess.run(server.version.format(**tools).split(), capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    wanted = [line for line in lines if line.startswith("Version:")] or lines
    return wanted[0].strip() if wanted else ""


def write(server, traces, tools):
    folder = tools["out"] / server.name
    folder.mkdir(parents=True, exist_ok=True)
    head = {"server": server.name, "family": server.family, "version": version(server, tools), "configuration": server.configuration}
    lines = ["# Written by scripts/corpus.sh.", *(f"{key} = {toml(value)}" for key, value in head.items())]
    for case, trace in traces:
        lines += truth_lines(server, case, trace["name"])
    (folder / "truth.toml").write_text("\n".join(lines) + "\n")
    text = "".join(json.dumps(trace, separators=(",", ":")) + "\n" for _, trace in traces)
    # Without a time in the header, equal traces give equal files.
    (folder / "traces.jsonl.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def recorded(server, out):
    """The traces of an earlier recording, by name."""
    file = out / server.name / "traces.jsonl.gz"
    lines = gzip.decompress(file.read_bytes()).decode().splitlines() if file.exists() else []
    return {trace["name"]: trace for trace in map(json.loads, lines)}


def record_server(server, tools, lock, most, keep):
    chosen = quick_first(server, cases(server))[:most]
    kept = recorded(server, tools["out"]) if keep else {}
    traces = [(case, kept[name]) for case in cases(server) if (name := f"{server.name}-{case.name()}") in kept]
    todo = [case for case in chosen if f"{server.name}-{case.name()}" not in kept]
    if not todo:
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


def main():
    # The servers end with the recorder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="servers or families; all unless given")
    parser.add_argument("--list", action="store_true", help="print the servers, and record nothing")
    parser.add_argument("--missing", action="store_true", help="record only the bursts that are not recorded yet")
    parser.add_argument("--loadtest", default=PROJECT / "target/release/loadtest", help="the load tester's binary")
    parser.add_argument("--python", default=PROJECT / "target/peers/corpus", help="the virtual environment of Python's servers")
    parser.add_argument("--classes", default=PROJECT / "target/peers/corpus-classes", help="the folder of compiled Java")
    parser.add_argument("--lock", help="hold this file's lock while recording, at most 90 s at a time")
    parser.add_argument("--nice", type=int, default=0, help="the priority of server and generator in quiet bursts; needs root")
    parser.add_argument("--out", type=Path, default=CORPUS, help="the folder to write")
    parser.add_argument("--traces", type=int, help="so many bursts at most at each server, quick ones first")
    args = parser.parse_args()
    known = {server.name for server in SERVERS} | {server.family for server in SERVERS}
    if unknown := [name for name in args.names if name not in known]:
        parser.error(f"unknown: {' '.join(unknown)}; --list prints the servers")
    chosen = [server for server in SERVERS if not args.names or server.name in args.names or server.family in args.names]
    if args.list:
        for server in chosen:
            print(f"{server.name:26} {server.traces:3}  {server.configuration}")
        return 0
    tools = {"loadtest": str(args.loadtest), "venv": str(args.python), "classes": str(args.classes),
             "servers": str(HERE / "servers"), "project": str(PROJECT), "out": args.out, "nice": args.nice}
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
