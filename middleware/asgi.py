"""Names the process that serves a request in the header Served-By, for ASGI: FastAPI, Starlette, Quart, Django.

    app.add_middleware(ServedBy)  # FastAPI, Starlette
    app = ServedBy(app)           # any ASGI application

https://www.rfc-editor.org/rfc/rfc9651 defines the syntax, docs/evidence.md the meaning.
"""

import os
import time
from itertools import count


class ServedBy:
    def __init__(self, app, style=None):
        self.app = app
        self.style = f';style="{style}"' if style else ""
        self.numbers = count(1)
        self.in_flight = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        entered, served = time.time(), next(self.numbers)
        self.in_flight += 1

        async def send_with_header(message):
            if message["type"] == "http.response.start":
                value = f'"{os.getpid()}";served={served};in-flight={self.in_flight};entered="{entered:.6f}"'
                value += f';left="{time.time():.6f}"{self.style}'
                message = {**message, "headers": [*message.get("headers", []), (b"served-by", value.encode())]}
            await send(message)

        try:
            await self.app(scope, receive, send_with_header)
        finally:
            self.in_flight -= 1
