"""FastAPI with middleware/asgi.py: /await awaits 0.2 s, /block blocks 0.2 s on the event loop."""

import asyncio
import time

from asgi import ServedBy
from fastapi import FastAPI

app = FastAPI()
app.add_middleware(ServedBy, style="test")


@app.get("/await")
async def awaits() -> str:
    await asyncio.sleep(0.2)
    return "done"


@app.get("/block")
async def blocks() -> str:
    time.sleep(0.2)
    return "done"
