"""The machine while bursts are recorded: who else may use it, how busy it is, and which processes run."""
import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

# The share of the processors that is idle before a quiet burst.
IDLE = 0.85


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
