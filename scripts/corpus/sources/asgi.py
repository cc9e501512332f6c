"""A FastAPI application that waits in several ways: /WAY/MILLISECONDS."""
import asyncio
import time

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI(default_response_class=PlainTextResponse)
lock = asyncio.Lock()
connections = asyncio.Semaphore(5)
flights: dict[int, asyncio.Task] = {}


@app.get("/def/{ms}")
def in_thread(ms: int):
    time.sleep(ms / 1e3)
    return "ok"


@app.get("/async/{ms}")
async def awaiting(ms: int):
    await asyncio.sleep(ms / 1e3)
    return "ok"


@app.get("/blocking/{ms}")
async def blocking(ms: int):
    time.sleep(ms / 1e3)
    return "ok"


@app.get("/lock/{ms}")
async def half_locked(ms: int):
    await asyncio.sleep(ms / 2e3)
    async with lock:
        await asyncio.sleep(ms / 2e3)
    return "ok"


@app.get("/pool/{ms}")
async def pooled(ms: int):
    async with connections:
        await asyncio.sleep(ms / 1e3)
    return "ok"


@app.get("/halfpool/{ms}")
async def half_pooled(ms: int):
    await asyncio.sleep(ms / 2e3)
    async with connections:
        await asyncio.sleep(ms / 2e3)
    return "ok"


@app.get("/flight/{ms}")
async def shared_answer(ms: int):
    flight = flights.get(ms)
    if flight is None or flight.done():
        flight = flights[ms] = asyncio.ensure_future(asyncio.sleep(ms / 1e3))
    await flight
    return "ok"
