"""The embedded host, and servers of known behaviour that no common program offers."""
import truth
from server import Server


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
    return Server(f"truths-{name}", "truths", configuration, ["{venv}/bin/python {sources}/truths.py {port} " + name], of,
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
    mode("rate429", "10 in any second, the others 429", truth.refused("rate_cap", "concurrency_cap", limit=10, per_second=10.0), is_fresh=True, has_loops=False,
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
