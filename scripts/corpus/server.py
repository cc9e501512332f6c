"""A server of the corpus: how it is started, and what its configuration says."""
from dataclasses import dataclass, field
from typing import Callable

from truth import Case


@dataclass(frozen=True)
class Server:
    name: str
    # The program. All traces of some families are held out.
    family: str
    configuration: str
    # Each process's command; {port}, {port2} and {port3} are ports, {folder} has `files`, {sources} the sources,
    # {venv} the Python programs, {project} the project, {loadtest} the load tester.
    commands: list[str]
    truth: Callable[[Case], dict]
    path: str = "/{wait}"
    files: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    # Further flags of `loadtest burst`.
    flags: tuple[str, ...] = ()
    # Headers of all requests.
    headers: tuple[tuple[str, str], ...] = ()
    # Whether the server is started anew for each burst, because a burst changes it.
    is_fresh: bool = False
    traces: int = 6
    waits: tuple[int, ...] = (20, 100, 200, 500, 1000, 2000)
    sizes: tuple[int, ...] = (10, 20, 40, 100)
    # Whether some bursts are closed loops of fewer connections than requests.
    has_loops: bool = True
    # Whether the first sends of some bursts are some milliseconds apart.
    has_spacing: bool = True
    # A command that prints the version.
    version: str = ""
