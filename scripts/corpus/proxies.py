"""nginx, haproxy and Varnish, before servers without limit."""
import truth
from server import Server

BACKEND = "{venv}/bin/python {sources}/truths.py {port2} none"

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
TRIPLE = "{venv}/bin/python {sources}/truths.py {port3} triple"

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
            # Refused requests count, too.
            is_fresh=True, has_loops=False, sizes=(20, 40, 100)),
]

VARNISH = """
vcl 4.1;
backend b {{ .host = "127.0.0.1"; .port = "{port2}"; }}
sub vcl_recv {{ return (WAY); }}
sub vcl_backend_response {{ set beresp.ttl = 0s; set beresp.grace = 0s; set beresp.keep = 0s; return (deliver); }}
"""


def varnish(name, configuration, of, way, **options):
    text = VARNISH.replace("WAY", way)
    command = "varnishd -F -j none -n {folder}/varnish -a 127.0.0.1:{port} -f {folder}/default.vcl -s malloc,16m"
    return Server(f"varnish-{name}", "varnish", configuration, [BACKEND, command], of, files={"default.vcl": text},
                  version="varnishd -V", **options)


VARNISH_SERVERS = [
    varnish("serial", "answers that may be looked up but are not kept (ttl 0): equal requests wait for each other",
            truth.pool(1, "lock", "single_flight"), "hash", has_loops=False),
    varnish("pass", "every request is passed on: no limit", truth.no_limit(), "pass", traces=5),
]
