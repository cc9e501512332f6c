#!/usr/bin/env python3
"""Four processes that listen on one port with SO_REUSEPORT: the kernel spreads connections over them, and each process serves
one request at a time. usage: reuseport.py PORT

The path gives the service time in milliseconds: /200.
"""
import asyncio
import os
import sys

PROCESSES = 4


async def main(port):
    turn = asyncio.Lock()

    async def serve(reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                async with turn:
                    await asyncio.sleep(int(head.split()[1].strip(b"/") or 0) / 1e3)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, reuse_port=True, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    for _ in range(PROCESSES - 1):
        if os.fork() == 0:
            break
    asyncio.run(main(int(sys.argv[1])))
