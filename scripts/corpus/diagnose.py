#!/usr/bin/env python3
"""Runs `loadtest diagnose` at servers of the corpus, and compares the mechanism that it names with their configuration.

scripts/corpus.sh --diagnose calls this. It prints a JSON object in a line for each server.
"""
import argparse
import json
import signal
import subprocess
import sys
import time

from record import parse, tools_of
from running import Running
from truth import Case

# Mechanisms that no experiment from outside tells apart, or that are the same in a diagnosis.
SAME = [{"rate_limit", "throughput", "lock", "slow_accept"}]
WAIT_MS = 200


def parameter_is_right(found, interval, expected):
    """Whether the first parameter that both have is within 15 %, or in its 95 % interval."""
    for name in ("workers", "per_second", "cores", "size", "limit", "delay_ms", "processes", "share"):
        if name in found and name in expected:
            if interval and interval["parameter"] == name and interval["low"] <= expected[name] <= interval["high"]:
                return True
            return abs(found[name] - expected[name]) <= max(0.15 * expected[name], 0.5)
    return True


def diagnose(server, tools):
    case = Case(40, 40, WAIT_MS if WAIT_MS in server.waits else server.waits[-1])
    expected = server.truth(case)
    with Running(server, tools) as running:
        url = f"http://127.0.0.1:{running.ports[0]}" + server.path.format(wait=case.wait_ms)
        headers = [word for header in server.headers for word in ("-H", ": ".join(header))]
        command = [tools["loadtest"], "diagnose", "--format", "json", "--quiet", *headers, url]
        began = time.monotonic()
        ran = subprocess.run(command, capture_output=True, text=True, timeout=180)
        seconds = round(time.monotonic() - began, 1)
    if not ran.stdout:
        return {"server": server.name, "outcome": "error", "said": ran.stderr.strip().splitlines()[-1:]}
    document = json.loads(ran.stdout)
    diagnosis = document["diagnosis"]
    mechanism = diagnosis["mechanism"]
    right = set(expected["mechanisms"])
    for same in SAME:
        right |= same if right & same else set()
    requests = sum(burst["n"] for run in document["runs"] for burst in run["bursts"])
    found = {"server": server.name, "configuration": server.configuration, "expected": expected["mechanisms"],
             "requests": requests, "seconds": seconds, "experiments": len(document["runs"]), "ended": diagnosis["ended"]}
    if mechanism is None:
        first = [f"{one['name']} ({one['probability']:.2f})" for one in diagnosis["alternatives"]][:2]
        return {**found, "outcome": "open", "said": first}
    said = [mechanism["name"], *mechanism["or"]]
    is_right = bool(right & set(said))
    parameters = mechanism["parameters"]
    is_exact = parameter_is_right(parameters, diagnosis["interval"], expected["parameters"])
    outcome = "wrong" if not is_right else "right" if is_exact else "parameter"
    return {**found, "outcome": outcome, "said": said, "parameters": parameters, "interval": diagnosis["interval"],
            "expected_parameters": expected["parameters"]}


def main():
    # The servers end with this program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    parser = argparse.ArgumentParser(description=__doc__)
    args, chosen = parse(parser)
    results = []
    for server in chosen:
        try:
            result = diagnose(server, tools_of(args))
        except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
            result = {"server": server.name, "outcome": "error", "said": [str(error)]}
        results.append(result)
        print(json.dumps(result), flush=True)
    counts = {name: sum(result["outcome"] == name for result in results)
              for name in ("right", "parameter", "open", "wrong", "error")}
    print(f"corpus: {counts}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
