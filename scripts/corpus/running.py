"""A server that runs."""
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from machine import end, free_ports


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
