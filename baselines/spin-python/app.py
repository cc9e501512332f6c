"""The lab's endpoints in Python for Spin, in the SDK's usual style.

A handler is `async def`; there are no others, and no threads. Before it, the SDK awaits the body of the request. Every reply has
the fields of the other components' replies.
"""

import json
import os
import time
from urllib.parse import urlsplit

from spin_sdk.http import Handler, Request, Response
from spin_sdk.wit.imports.wasi_clocks_monotonic_clock_0_3_0 import wait_for

MAX_WAIT_MS = 60_000
# About as much work as a second of CPU. An instance has no clock for its CPU time.
ROUNDS_PER_SECOND = 20_000


# `asyncio.sleep` needs a timer, which the SDK's event loop doesn't have.
async def sleep(seconds: float) -> None:
    await wait_for(int(seconds * 1e9))


async def block(seconds: float) -> None:
    time.sleep(seconds)


async def wait_then_block(seconds: float) -> None:
    await sleep(seconds / 10)
    time.sleep(seconds)


async def burn(seconds: float) -> None:
    for _ in range(int(seconds * ROUNDS_PER_SECOND)):
        sum(range(1_000))


# The style, the default wait in milliseconds, and the handler.
ENDPOINTS = {
    "/e1/p1": ("sync", 10_000, block),
    "/e1/p2": ("async-blocking", 1_000, block),
    "/e2/p1": ("sync", 1_000, block),
    "/e2/p2": ("async-blocking", 1_000, block),
    "/e2/p3": ("async-awaiting", 1_000, sleep),
    "/e2/p4": ("await-then-block", 1_000, wait_then_block),
    "/e2/p5": ("cpu", 1_000, burn),
}


class Instance:
    """What this instance knows of itself. Module code runs when the component is built, so that the name is drawn later."""

    name = ""
    served = 0
    in_flight = 0


def requested_ms(query: str, default: int) -> int | None:
    """The wait of a request; None if its query is bad."""
    if not query:
        return default
    name, _, value = query.partition("=")
    is_number = name == "wait_ms" and value.isascii() and value.isdigit()
    return int(value) if is_number and int(value) <= MAX_WAIT_MS else None


class HttpHandler(Handler):
    async def handle_request(self, request: Request) -> Response:
        url = urlsplit(request.uri)
        if url.path not in ENDPOINTS:
            return Response(404, {}, b"")
        style, default, handler = ENDPOINTS[url.path]
        wait_ms = requested_ms(url.query, default)
        if wait_ms is None:
            return Response(400, {}, f"allowed is ?wait_ms=N, N from 0 to {MAX_WAIT_MS}\n".encode())
        Instance.name = Instance.name or os.urandom(8).hex()
        Instance.served += 1
        Instance.in_flight += 1
        served, entered = Instance.served, time.time_ns()
        await handler(wait_ms / 1_000)
        left, in_flight = time.time_ns(), Instance.in_flight
        Instance.in_flight -= 1
        # Defined in docs/evidence.md.
        served_by = f'"{Instance.name}";served={served};in-flight={in_flight};style="{style}"'
        served_by += f';entered="{entered / 1e9:.6f}";left="{left / 1e9:.6f}"'
        body = {
            "endpoint": url.path.strip("/").replace("/", "-"),
            "style": style,
            "wait_ms": wait_ms,
            "instance": Instance.name,
            "served": served,
            "in_flight": in_flight,
            "entered_unix_ns": entered,
            "left_unix_ns": left,
        }
        headers = {"content-type": "application/json", "served-by": served_by}
        return Response(200, headers, json.dumps(body).encode())
