"""aiohttp: aiohttp_app.py PORT async|threads|pool     threads: asyncio.to_thread's own pool; pool: a semaphore of 7"""
import asyncio
import sys
import time

from aiohttp import web

MODE = sys.argv[2]
permits = asyncio.Semaphore(7)


async def wait(request):
    seconds = int(request.match_info["ms"]) / 1e3
    if MODE == "threads":
        await asyncio.to_thread(time.sleep, seconds)
    elif MODE == "pool":
        async with permits:
            await asyncio.sleep(seconds)
    else:
        await asyncio.sleep(seconds)
    return web.Response(text="ok\n")


app = web.Application()
app.add_routes([web.get(r"/{ms:\d+}", wait)])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
