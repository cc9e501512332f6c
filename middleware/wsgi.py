"""Names the process and the thread that serve a request in the header Served-By, for WSGI: Flask, Django, Bottle.

    app.wsgi_app = ServedBy(app.wsgi_app)  # Flask
    application = ServedBy(application)    # any WSGI application

https://www.rfc-editor.org/rfc/rfc9651 defines the syntax, docs/evidence.md the meaning.
"""

import os
import threading
import time
from collections import Counter


class ServedBy:
    def __init__(self, app, style=None):
        self.app = app
        self.style = f';style="{style}"' if style else ""
        self.served = Counter()

    def __call__(self, environ, start_response):
        entered = time.time()
        instance = f"{os.getpid()}-{threading.get_ident():x}"
        # No other thread has this name.
        self.served[instance] += 1

        def start_with_header(status, headers, *exc_info):
            value = f'"{instance}";served={self.served[instance]};entered="{entered:.6f}"'
            value += f';left="{time.time():.6f}"{self.style}'
            return start_response(status, [*headers, ("Served-By", value)], *exc_info)

        return self.app(environ, start_with_header)
