"""A WSGI application that waits; the path gives the time in milliseconds: /200."""
import os
import threading
import time

# With SEMAPHORE=5, five requests at a time are in the handler.
semaphore = threading.BoundedSemaphore(int(os.environ.get("SEMAPHORE", "100000")))


def app(environ, start_response):
    with semaphore:
        time.sleep(int(environ["PATH_INFO"].strip("/")) / 1e3)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]
