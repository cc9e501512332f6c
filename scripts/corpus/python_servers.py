"""Python's servers."""
import truth
from server import Server


def gunicorn(name, configuration, of, flags, **options):
    command = "{venv}/bin/gunicorn --chdir {sources} -b 127.0.0.1:{port} --log-level warning --backlog 4096 " + flags + " wsgi:app"
    return Server(f"gunicorn-{name}", "gunicorn", configuration, [command], of, version="{venv}/bin/gunicorn --version", **options)


GUNICORN_SERVERS = [
    gunicorn("sync-1", "one synchronous worker", truth.pool(1), "-w 1"),
    gunicorn("sync-3", "three synchronous workers", truth.pool(3), "-w 3"),
    gunicorn("sync-4", "four synchronous workers", truth.pool(4), "-w 4"),
    gunicorn("gthread-1x4", "one process of four threads", truth.pool(4), "-w 1 -k gthread --threads 4"),
    gunicorn("gthread-1x8", "one process of eight threads", truth.pool(8), "-w 1 -k gthread --threads 8", traces=5),
    gunicorn("gthread-2x3", "two processes of three threads each", truth.sticky(2, 3), "-w 2 -k gthread --threads 3"),
    gunicorn("gevent", "one gevent worker: sleeping yields", truth.no_limit(), "-w 1 -k gevent"),
    gunicorn("gevent-semaphore", "one gevent worker, a semaphore of 5 over the handler",
             truth.pool(5, "inner_pool"), "-w 1 -k gevent", environment={"SEMAPHORE": "5"}),
]


def uvicorn(name, way, configuration, of, server_flags="", **options):
    command = "{venv}/bin/uvicorn --app-dir {sources} --host 127.0.0.1 --port {port} --log-level error --backlog 4096 " + server_flags + " asgi:app"
    return Server(f"uvicorn-{name}", "uvicorn", configuration, [command], of, path=f"/{way}/{{wait}}",
                  version="{venv}/bin/uvicorn --version", **options)


UVICORN_SERVERS = [
    uvicorn("def", "def", "FastAPI, plain def: 40 threads of anyio", truth.pool(40), sizes=(20, 40, 60, 100), traces=8),
    uvicorn("async", "async", "FastAPI, async def that awaits: no limit", truth.no_limit()),
    uvicorn("blocking", "blocking", "FastAPI, async def that blocks: one at a time", truth.pool(1)),
    uvicorn("lock", "lock", "FastAPI, asyncio.Lock over the second half of the handler", truth.inner_pool(1, 0.5)),
    uvicorn("pool", "pool", "FastAPI, asyncio.Semaphore(5) over the handler", truth.pool(5, "inner_pool")),
    uvicorn("half-pool", "halfpool", "FastAPI, asyncio.Semaphore(5) over the second half of the handler",
            truth.inner_pool(5, 0.5)),
    uvicorn("flight", "flight", "FastAPI, one is served and the others share its answer", truth.no_limit("single_flight"), traces=4),
    uvicorn("workers-3", "blocking", "FastAPI, async def that blocks, three processes", truth.sticky(3, 1), "--workers 3"),
    uvicorn("limit-concurrency", "async", "--limit-concurrency 10: counts open connections, the others get 503",
            truth.refused("concurrency_cap", limit=9), "--limit-concurrency 10", has_loops=False),
    uvicorn("limit-concurrency-close", "async", "--limit-concurrency 10, a connection for each request",
            truth.refused("concurrency_cap", limit=9), "--limit-concurrency 10", has_loops=False,
            flags=("--disable-keepalive",), sizes=(20, 40), traces=4),
]


def python(family, name, configuration, of, program, **options):
    return Server(f"{family}-{name}", family, configuration, ["{venv}/bin/python {sources}/" + program], of,
                  version="{venv}/bin/pip show " + family.replace("werkzeug", "flask"), **options)


PYTHON_SERVERS = [
    python("werkzeug", "threaded", "Flask's own server, a thread for each connection: no limit", truth.no_limit(),
           "flask_app.py {port} threaded"),
    python("werkzeug", "single", "Flask's own server without threads", truth.pool(1), "flask_app.py {port} single"),
    python("tornado", "blocking", "Tornado, a handler that blocks", truth.pool(1), "tornado_app.py {port} blocking", traces=5),
    python("tornado", "executor", "Tornado, a ThreadPoolExecutor of 6", truth.pool(6), "tornado_app.py {port} executor"),
    python("tornado", "async", "Tornado, a handler that awaits", truth.no_limit(), "tornado_app.py {port} async", traces=4),
    python("aiohttp", "threads", "aiohttp, asyncio.to_thread: min(32, processors + 4) threads, 6 here",
           truth.pool(6), "aiohttp_app.py {port} threads"),
    python("aiohttp", "pool", "aiohttp, asyncio.Semaphore(7)", truth.pool(7, "inner_pool"), "aiohttp_app.py {port} pool"),
    python("aiohttp", "async", "aiohttp, a handler that awaits", truth.no_limit(), "aiohttp_app.py {port} async", traces=4),
    python("cheroot", "5", "cheroot, 5 threads", truth.pool(5), "cheroot_app.py {port} 5"),
    Server("waitress-4", "waitress", "waitress, 4 threads",
           ["{venv}/bin/waitress-serve --listen 127.0.0.1:{port} --threads 4 --backlog 4096 --connection-limit 1000 wsgi:app"],
           truth.pool(4), environment={"PYTHONPATH": "{sources}"}, version="{venv}/bin/pip show waitress"),
    Server("waitress-8", "waitress", "waitress, 8 threads",
           ["{venv}/bin/waitress-serve --listen 127.0.0.1:{port} --threads 8 --backlog 4096 --connection-limit 1000 wsgi:app"],
           truth.pool(8), environment={"PYTHONPATH": "{sources}"}, version="{venv}/bin/pip show waitress"),
    Server("granian-5", "granian", "granian, WSGI, one worker of 5 blocking threads",
           ["{venv}/bin/granian --interface wsgi --host 127.0.0.1 --port {port} --workers 1 --blocking-threads 5 --backpressure 1000 --no-access-log --log-level warning --working-dir {sources} wsgi:app"],
           truth.pool(5), version="{venv}/bin/granian --version"),
    Server("hypercorn-async", "hypercorn", "hypercorn, FastAPI, async def that awaits",
           ["{venv}/bin/hypercorn -b 127.0.0.1:{port} --log-level error asgi:app"], truth.no_limit(), path="/async/{wait}",
           environment={"PYTHONPATH": "{sources}"}, traces=3, version="{venv}/bin/pip show hypercorn"),
    Server("hypercorn-pool", "hypercorn", "hypercorn, FastAPI, asyncio.Semaphore(5) over the handler",
           ["{venv}/bin/hypercorn -b 127.0.0.1:{port} --log-level error asgi:app"], truth.pool(5, "inner_pool"), path="/pool/{wait}",
           environment={"PYTHONPATH": "{sources}"}, traces=5, version="{venv}/bin/pip show hypercorn"),
]
