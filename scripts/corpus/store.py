"""The files of the corpus."""
import gzip
import json
import subprocess

from choice import expected_of, is_held_out


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return json.dumps(value)


def truth_lines(server, case, name):
    expected = expected_of(server, case)
    fields = {
        "name": name,
        "n": case.n,
        "c": case.c,
        "wait_ms": case.wait_ms,
        "spacing_ms": case.spacing_ms,
        "busy": case.busy,
        "exceeds": expected["exceeds"],
        "kinds": expected["kinds"],
        **{key: expected[key] for key in ("k", "k_low", "k_high") if key in expected},
        "mechanisms": expected["mechanisms"],
        "parameters": expected["parameters"],
        "held_out": is_held_out(server, name),
    }
    return ["", "[[trace]]", *(f"{key} = {toml(value)}" for key, value in fields.items())]


def version(server, tools):
    if not server.version:
        return ""
    done = subprocess.run(server.version.format(**tools).split(), capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    wanted = [line for line in lines if line.startswith("Version:")] or lines
    return wanted[0].strip() if wanted else ""


def write(server, traces, tools):
    folder = tools["out"] / server.name
    folder.mkdir(parents=True, exist_ok=True)
    head = {"server": server.name, "family": server.family, "version": version(server, tools), "configuration": server.configuration}
    lines = ["# Written by scripts/corpus.sh.", *(f"{key} = {toml(value)}" for key, value in head.items())]
    for case, trace in traces:
        lines += truth_lines(server, case, trace["name"])
    (folder / "truth.toml").write_text("\n".join(lines) + "\n")
    text = "".join(json.dumps(trace, separators=(",", ":")) + "\n" for _, trace in traces)
    # Without a time in the header, equal traces give equal files.
    (folder / "traces.jsonl.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def recorded(server, out):
    """The traces of an earlier recording, by name."""
    file = out / server.name / "traces.jsonl.gz"
    lines = gzip.decompress(file.read_bytes()).decode().splitlines() if file.exists() else []
    return {trace["name"]: trace for trace in map(json.loads, lines)}
