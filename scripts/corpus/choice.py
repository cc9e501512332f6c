"""Which bursts are fired at a server, what counts as right for them, and which are held out."""
import hashlib
import random

import ideal
from truth import Case

LONGEST_MS = 9_000
# Families and traces whose hash is 0 modulo these are held out: about a third in all.
HELD_OUT_FAMILIES, HELD_OUT_TRACES = 6, 5
# About how much processor time a request takes on one common processor, with the load generator's part.
COST_MS = {"werkzeug": 1.5, "hypercorn": 0.8, "uvicorn": 0.5, "tornado": 0.5, "aiohttp": 0.4, "cheroot": 0.5, "gunicorn": 0.5,
           "waitress": 0.5, "puma": 0.4, "java": 0.5, "java-virtual": 0.5}


def number_of(text):
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def is_held_out(server, name):
    return number_of(server.family) % HELD_OUT_FAMILIES == 0 or number_of(name) % HELD_OUT_TRACES == 0


def expected_of(server, case):
    """What counts as right: by the configuration, and by the processor time that the server needs for each request. The
    busy loops leave about half of it."""
    expected = server.truth(case)
    kinds, mechanisms = list(expected["kinds"]), list(expected["mechanisms"])
    if "parallel" in kinds and "none" not in mechanisms:
        # The limit hardly delays this burst.
        mechanisms.append("none")
    cost_ms = COST_MS.get(server.family, 0.2) * (2.5 if case.busy else 1)
    served = min(ideal.at_once(case, ideal.no_limit(case.wait_ms)), expected.get("k", case.n))
    if served * cost_ms > 0.25 * case.wait_ms and kinds != ["refused"]:
        kinds += ["limited"] if kinds == ["parallel"] else []
        mechanisms += [name for name in ("throughput", "shared_cpu") if name not in mechanisms]
        if "k" in expected:
            # The processor may allow fewer at a time.
            low = max(1, int(0.25 * case.wait_ms / cost_ms))
            expected |= {"k_low": min(low, expected.get("k_low", low)), "k_high": expected.get("k_high", expected["k"])}
    exceeds = expected["exceeds"] and "parallel" not in kinds
    return {**expected, "kinds": kinds, "mechanisms": mechanisms, "exceeds": exceeds}


def cases(server):
    """The bursts at a server: the same in each recording."""
    rng = random.Random(server.name)
    chosen, tries = [], 0
    while len(chosen) < server.traces and tries < 2000:
        tries += 1
        n = rng.choices([10, 20, 40, 60, 100], [3, 4, 3, 1, 2])[0]
        wait_ms = rng.choices([20, 100, 200, 500, 1000, 2000], [3, 4, 4, 2, 1, 0.4])[0]
        c = rng.choice([10, n // 2]) if server.has_loops and n >= 20 and rng.random() < 0.2 else n
        spacing_ms = rng.choice([1, 2, 5]) if server.has_spacing and rng.random() < 0.25 else 0
        # Two loops beside each third burst.
        case = Case(n, c, wait_ms, spacing_ms, len(chosen) % 3 == 2)
        if n not in server.sizes or wait_ms not in server.waits or case in chosen:
            continue
        truth = server.truth(case)
        is_long = truth["took"] > 4_000 and rng.random() < 0.7
        is_below = not truth["exceeds"] and server.truth(Case(100, 100, 200))["exceeds"] and rng.random() < 0.8
        if truth["took"] <= LONGEST_MS and not is_long and not is_below:
            chosen.append(case)
    return chosen


def quick_first(server, chosen):
    """Puts quick bursts first, except for one in three: few bursts still have several waits."""
    by_time = sorted(chosen, key=lambda case: server.truth(case)["took"] + min(10 * case.wait_ms, 4_000))
    late = by_time[3::3]
    early = [case for case in by_time if case not in late]
    mixed = []
    while early or late:
        mixed += early[:2] + late[:1]
        early, late = early[2:], late[1:]
    return mixed
