"""The servers of the corpus: how each is started, and what its configuration says."""
from dataclasses import dataclass, field
from typing import Callable

import truth
from truth import Case


@dataclass(frozen=True)
class Server:
    name: str
    # The program. All traces of some families are held out.
    family: str
    configuration: str
    # Each process's command; {port}, {port2} and {port3} are ports, {folder} has `files`, {servers} the sources,
    # {venv} the Python programs, {project} the project, {loadtest} the load tester.
    commands: list[str]
    truth: Callable[[Case], dict]
    path: str = "/{wait}"
    files: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    # Further flags of `loadtest burst`.
    flags: tuple[str, ...] = ()
    # Headers of all requests.
    headers: tuple[tuple[str, str], ...] = ()
    # Whether the server is started anew for each burst, because a burst changes it.
    is_fresh: bool = False
    traces: int = 6
    waits: tuple[int, ...] = (20, 100, 200, 500, 1000, 2000)
    sizes: tuple[int, ...] = (10, 20, 40, 100)
    # Whether some bursts are closed loops of fewer connections than requests.
    has_loops: bool = True
    # Whether the first sends of some bursts are some milliseconds apart.
    has_spacing: bool = True
    # A command that prints the version.
    version: str = ""


BACKEND = "{venv}/bin/python {servers}/truths.py {port2} none"

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  LIMITS
  upstream backend {{ UPSTREAM keepalive 200; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ USE proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


def nginx(name, configuration, of, limits="", use="", upstream="server 127.0.0.1:{port2};", more=(), **options):
    text = NGINX.replace("LIMITS", limits).replace("USE", use).replace("UPSTREAM", upstream)
    commands = [BACKEND, *more, "nginx -c {folder}/nginx.conf"]
    return Server(f"nginx-{name}", "nginx", configuration, commands, of, files={"nginx.conf": text},
                  version="nginx -v", **options)


RATE_ZONE = "limit_req_zone $binary_remote_addr zone=z:1m rate=20r/s;"
CONN_ZONE = "limit_conn_zone $binary_remote_addr zone=z:1m;"
TRIPLE = "{venv}/bin/python {servers}/truths.py {port3} triple"

NGINX_SERVERS = [
    nginx("limit-req", "limit_req rate=20r/s burst=200: paced", truth.rate(20, 1), RATE_ZONE,
          "limit_req zone=z burst=200;", traces=10),
    nginx("limit-req-fast", "limit_req rate=100r/s burst=200: paced", truth.rate(100, 1),
          RATE_ZONE.replace("20r", "100r"), "limit_req zone=z burst=200;"),
    nginx("limit-req-partly", "limit_req rate=20r/s burst=200 delay=10: 11 at once, then paced", truth.rate(20, 11),
          RATE_ZONE, "limit_req zone=z burst=200 delay=10;"),
    nginx("limit-req-nodelay", "limit_req rate=20r/s burst=10 nodelay: 11 at once, the others 503",
          truth.refused("rate_cap", "concurrency_cap", limit=11, per_second=20.0), RATE_ZONE,
          "limit_req zone=z burst=10 nodelay;", has_loops=False, sizes=(20, 40, 100)),
    nginx("limit-req-short", "limit_req rate=20r/s burst=5: 6 are taken and paced, the others 503",
          truth.refused("rate_cap", "rate_limit", "concurrency_cap", limit=6, per_second=20.0), RATE_ZONE,
          "limit_req zone=z burst=5;", has_loops=False),
    nginx("limit-conn", "limit_conn 10: 10 at once, the others 503",
          truth.refused("concurrency_cap", limit=10), CONN_ZONE, "limit_conn z 10;", has_loops=False,
          sizes=(20, 40, 100), waits=(100, 200, 500, 1000)),
    nginx("proxy", "proxy to a server without limit, upstream connections kept alive", truth.no_limit()),
    nginx("max-conns", "upstream max_conns=10 in each of one server, the others 502",
          truth.refused("concurrency_cap", limit=10), upstream="server 127.0.0.1:{port2} max_conns=10;",
          has_loops=False, sizes=(20, 40), waits=(100, 200, 500), traces=4),
    nginx("uneven", "two upstream servers in turns, the second takes three times as long; no limit",
          truth.no_limit("uneven_backends", parameters={"parts": 2.0}, factor=3),
          upstream="server 127.0.0.1:{port2}; server 127.0.0.1:{port3};", more=(TRIPLE,)),
]

HAPROXY = """
global
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  DEFAULTS
frontend f
  bind 127.0.0.1:{port} backlog 4096
  FRONTEND
  default_backend b
backend b
  balance roundrobin
  BACKEND
"""


def haproxy(name, configuration, of, backend, frontend="", defaults="timeout queue 60s", more=(), **options):
    text = HAPROXY.replace("DEFAULTS", defaults).replace("FRONTEND", frontend).replace("BACKEND", backend)
    commands = [BACKEND, *more, "haproxy -q -db -f {folder}/haproxy.cfg"]
    return Server(f"haproxy-{name}", "haproxy", configuration, commands, of, files={"haproxy.cfg": text},
                  version="haproxy -v", **options)


HAPROXY_SERVERS = [
    haproxy("maxconn-4", "maxconn 4 on the server's line", truth.pool(4), "server s 127.0.0.1:{port2} maxconn 4"),
    haproxy("maxconn-10", "maxconn 10 on the server's line", truth.pool(10), "server s 127.0.0.1:{port2} maxconn 10"),
    haproxy("maxconn-1", "maxconn 1 on the server's line", truth.pool(1), "server s 127.0.0.1:{port2} maxconn 1"),
    haproxy("queue-timeout", "maxconn 4, timeout queue 300ms", truth.queue_deadline(4, 300),
            "server s 127.0.0.1:{port2} maxconn 4", defaults="timeout queue 300ms", has_loops=False),
    haproxy("uneven", "two servers in turns, maxconn 3 each; the second takes three times as long",
            truth.pool(6, mechanisms=("uneven_backends",), low=3, high=6, slowest=3.0, parts=2.0),
            "server s 127.0.0.1:{port2} maxconn 3\n  server t 127.0.0.1:{port3} maxconn 3", more=(TRIPLE,),
            sizes=(20, 40, 100)),
    haproxy("two", "two servers in turns, maxconn 3 each", truth.pool(6),
            "server s 127.0.0.1:{port2} maxconn 3\n  server t 127.0.0.1:{port3} maxconn 3",
            more=(BACKEND.replace("port2", "port3"),)),
    haproxy("no-limit", "no maxconn", truth.no_limit(), "server s 127.0.0.1:{port2}", traces=5),
    haproxy("rate", "more than 10 requests within 1 s get 429 (sc_http_req_rate)",
            truth.refused("rate_cap", "concurrency_cap", limit=10, per_second=10.0), "server s 127.0.0.1:{port2}",
            frontend="stick-table type ip size 1k expire 10s store http_req_rate(1s)\n  http-request track-sc0 src\n"
            "  http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 10 }}",
            has_loops=False, sizes=(20, 40, 100)),
]

PYTHON = "{venv}/bin/python"


def gunicorn(name, configuration, of, flags, **options):
    command = "{venv}/bin/gunicorn --chdir {servers} -b 127.0.0.1:{port} --log-level warning --backlog 4096 " + flags + " wsgi:app"
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
    command = "{venv}/bin/uvicorn --app-dir {servers} --host 127.0.0.1 --port {port} --log-level error --backlog 4096 " + server_flags + " asgi:app"
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
    return Server(f"{family}-{name}", family, configuration, ["{venv}/bin/python {servers}/" + program], of,
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
           truth.pool(4), environment={"PYTHONPATH": "{servers}"}, version="{venv}/bin/pip show waitress"),
    Server("waitress-8", "waitress", "waitress, 8 threads",
           ["{venv}/bin/waitress-serve --listen 127.0.0.1:{port} --threads 8 --backlog 4096 --connection-limit 1000 wsgi:app"],
           truth.pool(8), environment={"PYTHONPATH": "{servers}"}, version="{venv}/bin/pip show waitress"),
    Server("granian-5", "granian", "granian, WSGI, one worker of 5 blocking threads",
           ["{venv}/bin/granian --interface wsgi --host 127.0.0.1 --port {port} --workers 1 --blocking-threads 5 --backpressure 1000 --no-access-log --log-level warning --working-dir {servers} wsgi:app"],
           truth.pool(5), version="{venv}/bin/granian --version"),
    Server("hypercorn-async", "hypercorn", "hypercorn, FastAPI, async def that awaits",
           ["{venv}/bin/hypercorn -b 127.0.0.1:{port} --log-level error asgi:app"], truth.no_limit(), path="/async/{wait}",
           environment={"PYTHONPATH": "{servers}"}, traces=3, version="{venv}/bin/pip show hypercorn"),
    Server("hypercorn-pool", "hypercorn", "hypercorn, FastAPI, asyncio.Semaphore(5) over the handler",
           ["{venv}/bin/hypercorn -b 127.0.0.1:{port} --log-level error asgi:app"], truth.pool(5, "inner_pool"), path="/pool/{wait}",
           environment={"PYTHONPATH": "{servers}"}, traces=5, version="{venv}/bin/pip show hypercorn"),
]


def node(name, configuration, of, environment=None, **options):
    mode = options.pop("mode", name)
    return Server(f"node-{name}", "node", configuration, ["node {servers}/server.mjs {port} " + mode], of,
                  environment=environment or {}, version="node --version", **options)


NODE_SERVERS = [
    node("async", "setTimeout: no limit", truth.no_limit(), traces=5),
    node("blocked", "Atomics.wait blocks the event loop", truth.pool(1)),
    node("fifo", "a semaphore of 5, first come, first served", truth.pool(5, "inner_pool")),
    node("lifo", "a semaphore of 5, last come, first served", truth.pool(5, "inner_pool", order="lifo")),
    node("lock", "a promise chain over the second half of the handler", truth.inner_pool(1, 0.5)),
    node("batch", "batches of 8 at most, one batch at a time",
         truth.pool(8, "worker_pool", mechanisms=("batching",), size=8.0), has_loops=False, has_spacing=False),
    node("cluster-blocked", "three processes; the first hands out connections in turns; each blocks its event loop",
         truth.sticky(3, 1)),
    node("pbkdf2", "crypto.pbkdf2 on libuv's pool of 4 threads, 2 processors",
         truth.shared_cpu(2, "worker_pool", workers=4), waits=(20, 100, 200), sizes=(10, 20, 40), traces=6),
    node("pbkdf2-1", "crypto.pbkdf2 on libuv's pool of 1 thread",
         truth.shared_cpu(2, "worker_pool", workers=1), {"UV_THREADPOOL_SIZE": "1"}, mode="pbkdf2",
         waits=(20, 100, 200), sizes=(10, 20), traces=5),
]

PHP = "php -d session.save_path={folder} -S 127.0.0.1:{port} {servers}/router.php"
COOKIE = (("Cookie", "PHPSESSID=burst"),)


def php(name, configuration, of, environment=None, **options):
    return Server(f"php-{name}", "php", configuration, [PHP], of, environment=environment or {}, version="php -v", **options)


PHP_SERVERS = [
    php("single", "PHP's own server, one process", truth.pool(1)),
    php("workers-4", "PHP's own server, PHP_CLI_SERVER_WORKERS=4: with the first process 5", truth.sticky(5, 1),
        {"PHP_CLI_SERVER_WORKERS": "4"}),
    php("workers-4-close", "as php-workers-4, a connection for each request", truth.sticky(5, 1),
        {"PHP_CLI_SERVER_WORKERS": "4"}, flags=("--disable-keepalive",)),
    php("session", "PHP_CLI_SERVER_WORKERS=8, all requests in one session, which is locked all the time",
        truth.pool(1, "lock"), {"PHP_CLI_SERVER_WORKERS": "8"}, path="/session/{wait}", headers=COOKIE),
]

APACHE = """
ServerName localhost
Listen 127.0.0.1:{port}
ListenBacklog 4096
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Mutex file:{folder}
ErrorLog {folder}/error.log
LoadModule mpm_MPM_module /usr/lib/apache2/modules/mod_mpm_MPM.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule lua_module /usr/lib/apache2/modules/mod_lua.so
User www-data
Group www-data
KeepAlive Off
DocumentRoot {servers}
<Directory {servers}>
  Require all granted
</Directory>
<Files "wait.lua">
  SetHandler lua-script
</Files>
LIMITS
"""


def apache(name, configuration, of, limits, mpm="prefork", **options):
    text = APACHE.replace("MPM", mpm).replace("LIMITS", limits)
    return Server(f"apache-{name}", "apache", configuration, ["apache2 -X -f {folder}/apache.conf".replace("-X", "-DFOREGROUND")],
                  of, path="/wait.lua?{wait}", files={"apache.conf": text}, version="apache2 -v", **options)


def prefork(count):
    return f"StartServers {count}\nMinSpareServers 1\nMaxSpareServers {count}\nServerLimit {count}\nMaxRequestWorkers {count}"


# Each second: 1, 2, 4 and so on more, up to 32 at once. The first check comes at any time within the first second.
APACHE_GROWTH = [-1e9, 700] + [1700] * 2 + [2700] * 4 + [3700] * 8 + [4700] * 4

APACHE_SERVERS = [
    apache("prefork-4", "prefork, 4 processes fixed", truth.pool(4), prefork(4)),
    apache("prefork-8", "prefork, 8 processes fixed", truth.pool(8), prefork(8)),
    apache("growing", "prefork, 1 process at first, up to 20, twice as many more each second",
           truth.growth(APACHE_GROWTH, to=20.0, **{"from": 1.0}),
           "StartServers 1\nMinSpareServers 1\nMaxSpareServers 2\nServerLimit 20\nMaxRequestWorkers 20",
           is_fresh=True, waits=(100, 200, 500, 1000), sizes=(20, 40)),
    apache("event-8", "event, one process of 8 threads", truth.pool(8),
           "StartServers 1\nServerLimit 1\nThreadsPerChild 8\nThreadLimit 8\nMaxRequestWorkers 8\nMinSpareThreads 1\nMaxSpareThreads 8",
           mpm="event"),
]

def java_queue(case):
    peak = truth.ideal.at_once(case, truth.ideal.no_limit(case.wait_ms))
    if peak <= 12:
        return truth.pool(2)(case)
    if peak <= 16:
        took = truth.ideal.makespan(case, truth.ideal.pool(2 + peak - 12, case.wait_ms))
        return truth.truth(case, took, ["worker_pool", "growth"], {"workers": float(2 + peak - 12)}, kinds=["limited"],
                           k=2 + peak - 12, k_low=2, k_high=6)
    return truth.refused("concurrency_cap", limit=16, k=6)(case)


def java(name, configuration, of, **options):
    command = "java -Xshare:auto -XX:TieredStopAtLevel=1 -Dsun.net.httpserver.nodelay=true -cp {classes} Pool {port} " + name
    return Server(f"java-{name}", "java", configuration, [command], of, version="java --version", **options)


JAVA_SERVERS = [
    java("fixed-4", "the JDK's HTTP server, newFixedThreadPool(4)", truth.pool(4)),
    java("fixed-10", "the JDK's HTTP server, newFixedThreadPool(10)", truth.pool(10)),
    java("cached", "the JDK's HTTP server, newCachedThreadPool: no limit", truth.no_limit(), traces=5),
    java("single", "the JDK's HTTP server, no executor: one at a time", truth.pool(1), traces=5),
    java("semaphore", "the JDK's HTTP server, cached threads, a semaphore of 5", truth.pool(5, "inner_pool")),
    java("synchronized", "the JDK's HTTP server, cached threads, synchronized over the second half", truth.inner_pool(1, 0.5)),
    java("queue-10", "ThreadPoolExecutor of 2 to 6 threads, a queue of 10: 2 at a time unless the queue is full, the 17th is refused",
         java_queue, is_fresh=True, has_loops=False, sizes=(10, 20, 40)),
]


def puma(name, configuration, of, flags, **options):
    command = "puma -b tcp://127.0.0.1:{port} --quiet --log-requests".replace(" --log-requests", "") + " " + flags + " {servers}/config.ru"
    return Server(f"puma-{name}", "puma", configuration, [command], of, version="puma --version", **options)


PUMA_SERVERS = [
    puma("4", "one process of 4 threads", truth.pool(4), "-t 4:4"),
    puma("8", "one process of 8 threads", truth.pool(8), "-t 8:8"),
    puma("2x3", "two processes of 3 threads each", truth.sticky(2, 3), "-w 2 -t 3:3"),
]


def host(name, configuration, of, server_flags="", path="/e1/p1", manifest="spin.toml", **options):
    command = "{loadtest} serve {project}/" + manifest + " --listen 127.0.0.1:{port} -q --no-build " + server_flags
    return Server(f"host-{name}", "host", configuration, [command], of, path=path + "?wait_ms={wait}",
                  version="{loadtest} --version", **options)


HOST_SERVERS = [
    host("none", "the embedded host, a fresh instance for each request", truth.no_limit(), traces=5),
    host("instances-4", "the embedded host, --max-instances 4", truth.pool(4), "--max-instances 4"),
    host("instances-16", "the embedded host, --max-instances 16", truth.pool(16), "--max-instances 16", sizes=(20, 40, 100)),
    host("waiting-6", "the embedded host, --max-instances 4 --max-waiting 6: 10 are taken, the others get 503",
         truth.refused("concurrency_cap", limit=10, k=4), "--max-instances 4 --max-waiting 6", has_loops=False, sizes=(20, 40)),
    host("queue-timeout", "the embedded host, --max-instances 4 --queue-timeout 300ms", truth.queue_deadline(4, 300),
         "--max-instances 4 --queue-timeout 300ms", has_loops=False),
    host("cpu", "the embedded host, a handler that computes, 2 processors", truth.shared_cpu(2), path="/e2/p5",
         waits=(20, 100, 200), sizes=(10, 20, 40), traces=6),
]


def mode(name, configuration, of, **options):
    return Server(f"truths-{name}", "truths", configuration, ["{venv}/bin/python {servers}/truths.py {port} " + name], of,
                  version="{venv}/bin/python --version", **options)


TRUTHS = [
    mode("none", "no limit", truth.no_limit(), traces=5),
    mode("pool", "10 at a time", truth.pool(10)),
    mode("lifo", "10 at a time, last come, first served", truth.pool(10, order="lifo")),
    mode("random", "10 at a time, in random order", truth.pool(10, order="random")),
    mode("jitterpool", "10 at a time, service times from half to one and a half", truth.pool(10, slowest=1.2)),
    mode("noisypool", "10 at a time, log-normal service times, sigma 0.5", truth.pool(10, slowest=1.3)),
    mode("lock", "a lock over the second half", truth.inner_pool(1, 0.5)),
    mode("innerpool", "a pool of 5 over the second half", truth.inner_pool(5, 0.5)),
    mode("rate", "a start every 50 ms", truth.rate(20, 1)),
    mode("bucket", "10 at once, then 20 a second", truth.rate(20, 10)),
    mode("rate429", "10 in any second, the others 429", truth.refused("rate_cap", "concurrency_cap", limit=10, per_second=10.0), has_loops=False,
         sizes=(20, 40, 100)),
    mode("cap", "10 at once, the others 503", truth.refused("concurrency_cap", limit=10), has_loops=False, waits=(100, 200, 500, 1000)),
    mode("deadline", "4 at a time; who waits for more than 300 ms gets 503", truth.queue_deadline(4, 300), has_loops=False),
    mode("cold", "a new instance takes 1 s more, one is warm", truth.no_limit("cold_start", parameters={"delay_ms": 1000.0}, delay_ms=1000),
         is_fresh=True, has_loops=False),
    mode("warmpool", "5 warm instances; the other requests take 300 ms more in fresh ones",
         truth.no_limit("warm_pool", "cold_start", parameters={"size": 5.0, "delay_ms": 300.0}, delay_ms=300), has_loops=False),
    mode("growth", "one worker, one more every 400 ms of load",
         truth.growth([400 * i - 1 for i in range(100)], **{"from": 1.0})),
    mode("batch", "batches of 8", truth.pool(8, "worker_pool", mechanisms=("batching",), size=8.0), has_loops=False, has_spacing=False),
    mode("flight", "one is served, the others share its answer", truth.no_limit("single_flight"), has_loops=False, traces=5),
    mode("twospeed", "no limit; every other request takes three times as long",
         truth.no_limit("uneven_backends", parameters={"parts": 2.0}, factor=3)),
    mode("uneven", "3 at a time, and 3 at a time of three times the service time, in turns",
         truth.pool(6, mechanisms=("uneven_backends",), low=3, high=6, slowest=3.0, parts=2.0), sizes=(20, 40, 100)),
    mode("jitter", "no limit; service times from half to one and a half", truth.no_limit(factor=1.5)),
    mode("lognormal", "no limit; log-normal service times, sigma 0.8", truth.no_limit(factor=4)),
    mode("pause", "no limit; the whole server stands still for 300 ms",
         truth.no_limit("pause", parameters={"delay_ms": 300.0}, delay_ms=300), waits=(200, 500, 1000), has_loops=False),
    mode("random500", "no limit; a quarter fail at random with 500",
         truth.given(["parallel"], "random_failures", "none", exceeds=False, parameters={"share": 0.25})),
    mode("slowaccept", "no limit; connections are taken up 20 a second, backlog 1; they are open before the burst",
         truth.given(["parallel", "limited"], "slow_accept", "none", exceeds=False, factor=3), has_loops=False,
         sizes=(10, 20), traces=4),
]

SERVERS = [*NGINX_SERVERS, *HAPROXY_SERVERS, *GUNICORN_SERVERS, *UVICORN_SERVERS, *PYTHON_SERVERS, *NODE_SERVERS,
           *PHP_SERVERS, *APACHE_SERVERS, *JAVA_SERVERS, *PUMA_SERVERS, *HOST_SERVERS, *TRUTHS]
