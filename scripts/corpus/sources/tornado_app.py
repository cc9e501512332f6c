"""Tornado: tornado_app.py PORT blocking|executor|async"""
import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import tornado.web

executor = ThreadPoolExecutor(6)


class Wait(tornado.web.RequestHandler):
    async def get(self, ms):
        seconds = int(ms) / 1e3
        if sys.argv[2] == "blocking":
            time.sleep(seconds)
        elif sys.argv[2] == "executor":
            await asyncio.get_running_loop().run_in_executor(executor, time.sleep, seconds)
        else:
            await asyncio.sleep(seconds)
        self.write("ok\n")


async def main():
    tornado.web.Application([(r"/(\d+)", Wait)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
