"""The truths: functions from a burst (`Case`) to what counts as right. Each returns a function of the case."""
from dataclasses import dataclass, replace

import ideal


@dataclass(frozen=True)
class Case:
    n: int
    c: int
    wait_ms: int
    spacing_ms: int = 0
    busy: bool = False

    def name(self):
        parts = [f"n{self.n}"]
        if self.c != self.n:
            parts.append(f"c{self.c}")
        parts.append(f"{self.wait_ms}ms")
        if self.spacing_ms:
            parts.append(f"every{self.spacing_ms}ms")
        return "-".join(parts + ["busy" if self.busy else "quiet"])


def truth(case, took, mechanisms, parameters=None, exceeds=True, **more):
    return {
        "took": took,
        "kinds": more.pop("kinds", None) or ideal.kinds(case, took),
        "mechanisms": mechanisms,
        "parameters": parameters or {},
        "exceeds": exceeds,
        **more,
    }


def no_limit(*also, parameters=None, factor=1.0, delay_ms=0):
    """No limit. `also` are the mechanisms that it may show, for example a cold start of `delay_ms`; the slowest answer
    takes `factor` times the service time."""

    def of(case):
        took = ideal.makespan(case, ideal.no_limit(case.wait_ms * factor + delay_ms))
        shows = list(also) + ["none"]
        return truth(case, took, shows, parameters, exceeds=False, kinds=["parallel"])

    return of


def pool(size, /, *also, mechanisms=("worker_pool",), low=None, high=None, slowest=1.0, **parameters):
    """`size` requests at a time. `also` are further mechanisms that count as right."""

    def of(case):
        alone = ideal.no_limit(case.wait_ms)
        # Ends and arrivals of one moment don't overlap.
        exceeds = ideal.at_once(case, alone) > size
        if not exceeds:
            return truth(case, ideal.makespan(case, alone), ["none"], exceeds=False, k=size)
        took = ideal.makespan(case, ideal.pool(size, case.wait_ms)) * slowest
        named = {"workers": float(size), **parameters}
        right = ["limited"] if slowest > 1 else None
        more = {} if low is None else {"k_low": low, "k_high": high}
        return truth(case, took, [*mechanisms, *also], named, k=size, kinds=right, **more)

    return of


def inner_pool(size, share, *also):
    """A pool of `size`, or a lock, that a request holds for the last `share` of its time."""

    def of(case):
        took = ideal.makespan(case, ideal.inner_pool(size, case.wait_ms, share))
        alone = ideal.makespan(case, ideal.no_limit(case.wait_ms))
        mechanism = "lock" if size == 1 else "inner_pool"
        return truth(case, took, [mechanism, *also], {"share": share, "workers": float(size)}, took > alone * 1.01)

    return of


def rate(per_second, burst, *also):
    """Starts are paced."""

    def of(case):
        took = ideal.makespan(case, ideal.rate(per_second, burst, case.wait_ms))
        # The requests alone before the burst may have used up some of the bucket.
        emptied = ideal.makespan(case, ideal.rate(per_second, 1, case.wait_ms))
        alone = ideal.makespan(case, ideal.no_limit(case.wait_ms))
        right = {*ideal.kinds(case, took), *ideal.kinds(case, emptied)}
        if case.wait_ms * per_second < 1e3:
            # The requests alone are paced, too, and seem to take so long.
            right.update(ideal.kinds(replace(case, wait_ms=1e3 / per_second), took))
        parameters = {"per_second": float(per_second), "burst": float(burst)}
        return truth(case, took, ["rate_limit", *also], parameters, took > alone * 1.01, kinds=sorted(right))

    return of


def refused(*mechanisms, limit, k=None, **parameters):
    """All above `limit` at once are refused; with `per_second`, all above `limit` beside this rate."""

    def of(case):
        alone = ideal.no_limit(case.wait_ms)
        exceeds = ideal.at_once(case, alone) > limit
        if "per_second" in parameters:
            sending_s = case.spacing_ms * (case.c - 1) / 1e3
            exceeds = case.n > limit + parameters["per_second"] * sending_s + 1
        longest = ideal.makespan(case, ideal.pool(k, case.wait_ms)) if k else ideal.makespan(case, alone)
        if exceeds:
            return truth(case, longest, list(mechanisms), parameters, kinds=["refused"], **({"k": k} if k else {}))
        return truth(case, longest, ["none"], exceeds=False)

    return of


def queue_deadline(size, deadline_ms):
    """`size` at a time; who waits longer than `deadline_ms` is refused."""

    def of(case):
        longest = 0.0
        serve = ideal.pool(size, case.wait_ms)
        for arrival, end in ideal.fire(case, serve):
            longest = max(longest, end - case.wait_ms - arrival)
        if longest <= deadline_ms * 0.85:
            return pool(size)(case)
        right = ["refused"]
        if longest <= deadline_ms * 1.15:
            right.append("limited")
        took = deadline_ms + case.wait_ms
        return truth(case, took, ["queue_deadline"], {"delay_ms": float(deadline_ms), "workers": float(size)}, k=size, kinds=right)

    return of


def sticky(processes, each):
    """Processes that keep the connections that they accepted; each serves `each` requests at a time."""

    def of(case):
        alone = ideal.no_limit(case.wait_ms)
        peak = ideal.at_once(case, alone)
        total = processes * each
        # The worst assignment gives all connections to one process.
        worst = ideal.makespan(case, ideal.pool(each, case.wait_ms))
        if peak <= each:
            return truth(case, ideal.makespan(case, alone), ["none"], exceeds=False, k=total)
        right = ["limited"]
        if each == 1:
            right.append("sequential")
        if peak <= total:
            right.append("parallel")
        mechanisms = ["sticky_connections", "worker_pool"]
        parameters = {"processes": float(processes), "workers": float(total)}
        return truth(case, worst, mechanisms, parameters, peak > total, kinds=right, k_low=each, k_high=total)

    return of


def shared_cpu(cores, *also, workers=None):
    """Requests that compute; `workers` threads at most share `cores` processors."""

    def of(case):
        k = min(cores, workers or cores)
        took = ideal.makespan(case, ideal.pool(k, case.wait_ms))
        alone = ideal.no_limit(case.wait_ms)
        exceeds = ideal.at_once(case, alone) > k
        # Beside the busy loops a request has a part of a processor.
        took *= 2 if case.busy else 1
        right = ["limited"] if k > 1 or case.busy else ["sequential"]
        if k == 1 and case.busy:
            right.append("sequential")
        if not exceeds:
            return truth(case, took, ["none", "shared_cpu"], exceeds=False)
        bounds = {"k_low": 1, "k_high": max(k, workers or k)}
        return truth(case, took, ["shared_cpu", *also], {"cores": float(cores)}, kinds=right, **bounds)

    return of


def growth(times_ms, **parameters):
    """A pool whose workers start at these times."""

    def of(case):
        took = ideal.makespan(case, ideal.growing_pool(times_ms, case.wait_ms))
        alone = ideal.makespan(case, ideal.no_limit(case.wait_ms))
        right = sorted({"limited", *ideal.kinds(case, took)})
        return truth(case, took, ["growth"], parameters, took > alone * 1.01, kinds=right)

    return of


def given(kinds, *mechanisms, exceeds=True, factor=1.0, **more):
    """Given outright."""

    def of(case):
        took = ideal.makespan(case, ideal.no_limit(case.wait_ms)) * factor
        return truth(case, took, list(mechanisms), exceeds=exceeds, kinds=list(kinds), **more)

    return of
