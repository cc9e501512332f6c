"""What an ideal server does with a burst: the expectations in truth.toml come from here and from the configuration,
never from what was measured. Times are in milliseconds."""
import heapq
import math

# `kind` depends on the makespan beside those of two ideal servers; see "A trace through the judge" in ARCHITECTURE.md.
PARALLEL = 1.25
SEQUENTIAL = 1.25
# A kind within this factor of its threshold also counts as right.
MARGIN = 1.12


def fire(case, serve):
    """Sends the burst by its schedule, and returns (arrival, end) of each request. `serve` takes a request's arrival
    and returns its end; it is called in the order of arrivals."""
    free = [(i * case.spacing_ms) for i in range(case.c)]
    heapq.heapify(free)
    times = []
    for _ in range(case.n):
        arrival = heapq.heappop(free)
        end = serve(arrival)
        times.append((arrival, end))
        heapq.heappush(free, end)
    return times


def makespan(case, serve):
    return max(end for _, end in fire(case, serve))


def at_once(case, serve):
    """How many requests are in the server at once at most."""
    times = fire(case, serve)
    events = sorted([(arrival, 1) for arrival, _ in times] + [(end, -1) for _, end in times])
    inside = most = 0
    for _, step in events:
        inside += step
        most = max(most, inside)
    return most


def no_limit(service):
    return lambda arrival: arrival + service


def pool(size, service):
    workers = [-math.inf] * size

    def serve(arrival):
        end = max(arrival, heapq.heappop(workers)) + service
        heapq.heappush(workers, end)
        return end

    return serve


def inner_pool(size, service, share):
    inner = pool(size, service * share)
    return lambda arrival: inner(arrival + service * (1 - share))


def rate(per_second, burst, service):
    step, due = 1e3 / per_second, -math.inf

    def serve(arrival):
        nonlocal due
        due = max(due, arrival - (burst - 1) * step)
        start = max(arrival, due)
        due += step
        return start + service

    return serve


def growing_pool(grown, service):
    """A pool whose workers start at the times `grown`."""
    workers = list(grown)
    heapq.heapify(workers)

    def serve(arrival):
        end = max(arrival, heapq.heappop(workers)) + service
        heapq.heappush(workers, end)
        return end

    return serve


def kinds(case, took):
    """The kinds that count as right for a burst that should take `took`."""
    best = makespan(case, no_limit(case.wait_ms))
    worst = makespan(case, pool(1, case.wait_ms))
    right = []
    if took <= best * PARALLEL * MARGIN:
        right.append("parallel")
    is_near_worst = worst / SEQUENTIAL / MARGIN <= took <= worst * SEQUENTIAL * MARGIN
    if is_near_worst and took > best * PARALLEL / MARGIN:
        right.append("sequential")
    is_at_worst = worst * 0.99 <= took <= worst * 1.01
    if took > best * PARALLEL / MARGIN and not is_at_worst:
        right.append("limited")
    return right
