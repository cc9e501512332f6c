#!/usr/bin/env python3
"""Servers of known behaviour that no common program offers: usage: truths.py PORT MODE

The path gives the service time in milliseconds: /200. The modes:

  none          no limit
  pool          10 at a time, first come, first served
  lifo          10 at a time, last come, first served
  random        10 at a time, in random order
  jitterpool    10 at a time, service times from half to one and a half
  noisypool     10 at a time, log-normal service times, sigma 0.5
  lock          half of the service time is spent under a lock
  innerpool     half of the service time is spent in a pool of 5
  rate          a start every 50 ms, whatever was asked before; any number at once
  bucket        10 at once, then 20 a second
  rate429       10 in any second, the others get 429 with Retry-After
  cap           10 at once, the others get 503
  deadline      4 at a time; who waits for more than 300 ms gets 503
  cold          no limit; a new instance takes 1 s more, one is warm
  warmpool      5 warm instances; each other request has a fresh one, which takes 300 ms more
  growth        one worker, and one more every 400 ms of load
  batch         batches of 8 at most, one batch at a time
  flight        one is served, and those that come meanwhile share its answer
  triple        no limit; three times the service time
  twospeed      no limit; every other request takes three times as long
  uneven        3 at a time at the service time, and 3 at a time at three times of it, in turns
  jitter        no limit; service times from half to one and a half
  lognormal     no limit; log-normal service times, sigma 0.8
  pause         no limit; the whole server stands still for 300 ms, 100 ms after the fifth is there (once in 3 s)
  random500     no limit; a quarter fail at once, whatever the load
  slowaccept    no limit; connections are taken up 20 a second
"""
import asyncio
import math
import random
import socket
import sys
import time


class Refused(Exception):
    """The answer's status, and further header lines."""


class Pool:
    """`size` requests at a time; the waiting ones are taken in `order`."""

    def __init__(self, size, order="fifo"):
        self.free, self.order, self.waiting = size, order, []

    async def __aenter__(self):
        if self.free > 0:
            self.free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        await turn

    async def __aexit__(self, *_):
        if not self.waiting:
            self.free += 1
            return
        last = len(self.waiting) - 1
        at = {"fifo": 0, "lifo": last, "random": random.randint(0, last)}[self.order]
        self.waiting.pop(at).set_result(None)


def now():
    return asyncio.get_running_loop().time()


def pool_of(size, order="fifo", service=lambda s: s):
    pool = Pool(size, order)

    async def work(s):
        async with pool:
            await asyncio.sleep(service(s))

    return work


def no_limit(service=lambda s: s):
    async def work(s):
        await asyncio.sleep(service(s))

    return work


def uniform(s):
    return s * random.uniform(0.5, 1.5)


def lognormal(sigma):
    # The mean is the service time.
    return lambda s: s * random.lognormvariate(-sigma * sigma / 2, sigma)


def share_in_pool(size):
    pool = Pool(size)

    async def work(s):
        await asyncio.sleep(s / 2)
        async with pool:
            await asyncio.sleep(s / 2)

    return work


def paced(per_second, burst):
    """The generic cell rate algorithm: `burst` at once, then `per_second`."""
    step, due = 1 / per_second, -math.inf

    async def work(s):
        nonlocal due
        due = max(due, now() - (burst - 1) * step)
        start = max(now(), due)
        due += step
        await asyncio.sleep(start - now() + s)

    return work


def rate429():
    recent = []

    async def work(s):
        recent[:] = [at for at in recent if now() - at < 1]
        if len(recent) >= 10:
            raise Refused(429, "retry-after: 1\r\n")
        recent.append(now())
        await asyncio.sleep(s)

    return work


def cap():
    inside = 0

    async def work(s):
        nonlocal inside
        if inside >= 10:
            raise Refused(503, "")
        inside += 1
        await asyncio.sleep(s)
        inside -= 1

    return work


def deadline():
    permits = asyncio.Semaphore(4)

    async def work(s):
        try:
            await asyncio.wait_for(permits.acquire(), 0.3)
        except TimeoutError:
            raise Refused(503, "") from None
        await asyncio.sleep(s)
        permits.release()

    return work


def cold():
    active, warm = 0, 1

    async def work(s):
        nonlocal active, warm
        active += 1
        if active > warm:
            await asyncio.sleep(1)
            warm += 1
        await asyncio.sleep(s)
        active -= 1

    return work


def warmpool():
    free = 5

    async def work(s):
        nonlocal free
        is_warm = free > 0
        free -= is_warm
        await asyncio.sleep(s if is_warm else s + 0.3)
        free += is_warm

    return work


def growth():
    present, active, began = 0, 0, -math.inf

    async def work(s):
        nonlocal present, active, began
        if present == 0:
            began = now()
        present += 1
        while active >= 1 + int((now() - began) / 0.4):
            await asyncio.sleep(0.003)
        active += 1
        await asyncio.sleep(s)
        active -= 1
        present -= 1

    return work


def batch():
    waiting, running = [], False

    async def run(s):
        nonlocal running
        await asyncio.sleep(0.002)
        while waiting:
            taken = waiting[:8]
            del waiting[:8]
            await asyncio.sleep(s)
            for answer in taken:
                answer.set_result(None)
        running = False

    async def work(s):
        nonlocal running
        answer = asyncio.get_running_loop().create_future()
        waiting.append(answer)
        if not running:
            running = True
            asyncio.ensure_future(run(s))
        await answer

    return work


def flight():
    running = None

    async def work(s):
        nonlocal running
        if running is None or running.done():
            running = asyncio.ensure_future(asyncio.sleep(s))
        await running

    return work


def twospeed():
    count = 0

    async def work(s):
        nonlocal count
        count += 1
        await asyncio.sleep(s * (3 if count % 2 == 0 else 1))

    return work


def uneven():
    pools, count = (Pool(3), Pool(3)), 0

    async def work(s):
        nonlocal count
        count += 1
        slow = count % 2 == 0
        async with pools[slow]:
            await asyncio.sleep(s * (3 if slow else 1))

    return work


def pause():
    active, last = 0, -math.inf

    async def work(s):
        nonlocal active, last
        active += 1
        if active == 5 and now() - last > 3:
            last = now()
            asyncio.get_running_loop().call_later(0.1, time.sleep, 0.3)
        await asyncio.sleep(s)
        active -= 1

    return work


def random500():
    async def work(s):
        if random.random() < 0.25:
            raise Refused(500, "")
        await asyncio.sleep(s)

    return work


MODES = {
    "none": no_limit,
    "pool": lambda: pool_of(10),
    "lifo": lambda: pool_of(10, "lifo"),
    "random": lambda: pool_of(10, "random"),
    "jitterpool": lambda: pool_of(10, service=uniform),
    "noisypool": lambda: pool_of(10, service=lognormal(0.5)),
    "lock": lambda: share_in_pool(1),
    "innerpool": lambda: share_in_pool(5),
    "rate": lambda: paced(20, 1),
    "bucket": lambda: paced(20, 10),
    "rate429": rate429,
    "cap": cap,
    "deadline": deadline,
    "cold": cold,
    "warmpool": warmpool,
    "growth": growth,
    "batch": batch,
    "flight": flight,
    "triple": lambda: no_limit(lambda s: 3 * s),
    "twospeed": twospeed,
    "uneven": uneven,
    "jitter": lambda: no_limit(uniform),
    "lognormal": lambda: no_limit(lognormal(0.8)),
    "pause": pause,
    "random500": random500,
    "slowaccept": no_limit,
}


async def serve(work, reader, writer):
    try:
        while line := await reader.readline():
            close = False
            while head := (await reader.readline()).strip():
                close |= head.lower() == b"connection: close"
            status, more = 200, ""
            try:
                await work(float(line.split()[1].strip(b"/")) / 1e3)
            except Refused as refused:
                status, more = refused.args
            writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 3\r\n{more}\r\nok\n".encode())
            await writer.drain()
            if close:
                break
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main(port, mode):
    work = MODES[mode]()
    if mode == "slowaccept":
        listener = socket.create_server(("127.0.0.1", port), backlog=1)
        listener.setblocking(False)
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            reader, writer = await asyncio.open_connection(sock=connection)
            asyncio.ensure_future(serve(work, reader, writer))
            await asyncio.sleep(0.05)
    server = await asyncio.start_server(lambda *streams: serve(work, *streams), "127.0.0.1", port, backlog=8192)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
