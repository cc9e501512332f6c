"""The requests alone, and the burst between them."""
import http.client
import json
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from machine import await_quiet, busy_loops, priority

# The requests alone before a burst: so many at most, within this time.
MOST_SOLOS, SOLO_SECONDS = 8, 3.0
# A generator that lags this much beside idle processors was disturbed.
DISTURBED_US = 5_000


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
