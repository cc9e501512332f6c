"""The lab's endpoints in FastAPI, in its usual style.

`def` handlers run in a pool of 40 threads (THREADS sets another number). `async def` handlers run on the event loop: one
that blocks stops all others. Every reply has the fields of the WebAssembly components' replies; its instance is the
process and the thread.
"""

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Sets the size of the thread pool if THREADS is set."""
    if threads := os.environ.get("THREADS"):
        current_default_thread_limiter().total_tokens = int(threads)
    yield


app = FastAPI(lifespan=lifespan)
served: Counter[str] = Counter()
in_flight: Counter[str] = Counter()
lock = threading.Lock()

Wait = Annotated[int | None, Query(ge=0, le=60_000)]


class HandlerCall:
    """One request in its handler, for the reply's evidence."""

    def __init__(self, endpoint: str, style: str, wait_ms: int | None, default_ms: int = 1_000) -> None:
        self.instance = f"{os.getpid()}-{threading.get_ident():x}"
        with lock:
            served[self.instance] += 1
            in_flight[self.instance] += 1
            self.served, self.in_flight = served[self.instance], in_flight[self.instance]
        self.endpoint, self.style = endpoint, style
        self.wait_ms = default_ms if wait_ms is None else wait_ms
        self.entered = time.time_ns()

    @property
    def seconds(self) -> float:
        return self.wait_ms / 1_000

    def reply(self) -> JSONResponse:
        with lock:
            in_flight[self.instance] -= 1
        left = time.time_ns()
        # Defined in docs/evidence.md.
        served_by = f'"{self.instance}";served={self.served};in-flight={self.in_flight};style="{self.style}"'
        served_by += f';entered="{self.entered / 1e9:.6f}";left="{left / 1e9:.6f}"'
        body = {
            "endpoint": self.endpoint,
            "style": self.style,
            "wait_ms": self.wait_ms,
            "instance": self.instance,
            "served": self.served,
            "in_flight": self.in_flight,
            "entered_unix_ns": self.entered,
            "left_unix_ns": left,
        } | ({"host": host} if (host := os.environ.get("HOST_NAME")) else {})
        return JSONResponse(body, headers={"served-by": served_by})


def burn(seconds: float) -> None:
    """Computes until this thread has used the given CPU time."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        sum(range(1_000))


@app.get("/e1/p1")
def e1_p1(wait_ms: Wait = None):
    call = HandlerCall("e1-p1", "sync", wait_ms, default_ms=10_000)
    time.sleep(call.seconds)
    return call.reply()


@app.get("/e1/p2")
async def e1_p2(wait_ms: Wait = None):
    call = HandlerCall("e1-p2", "async-blocking", wait_ms)
    time.sleep(call.seconds)
    return call.reply()


@app.get("/e2/p1")
def e2_p1(wait_ms: Wait = None):
    call = HandlerCall("e2-p1", "sync", wait_ms)
    time.sleep(call.seconds)
    return call.reply()


@app.get("/e2/p2")
async def e2_p2(wait_ms: Wait = None):
    call = HandlerCall("e2-p2", "async-blocking", wait_ms)
    time.sleep(call.seconds)
    return call.reply()


@app.get("/e2/p3")
async def e2_p3(wait_ms: Wait = None):
    call = HandlerCall("e2-p3", "async-awaiting", wait_ms)
    await asyncio.sleep(call.seconds)
    return call.reply()


@app.get("/e2/p4")
async def e2_p4(wait_ms: Wait = None):
    call = HandlerCall("e2-p4", "await-then-block", wait_ms)
    await asyncio.sleep(call.seconds / 10)
    time.sleep(call.seconds)
    return call.reply()


@app.get("/e2/p5")
def e2_p5(wait_ms: Wait = None):
    call = HandlerCall("e2-p5", "cpu", wait_ms)
    burn(call.seconds)
    return call.reply()
