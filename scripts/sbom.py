#!/usr/bin/env python3
"""Prints what a packed `loadtest` is made of, as a CycloneDX document: sbom.py TARGET

The crates that are compiled into the program, and those of the guests that it carries, as `cargo tree` resolves them, with
the checksums of the lock files.
"""

import json
import subprocess
import sys
import tomllib


def crates(folder, arguments):
    """The crates below the packages that `arguments` select: (name, version), licence."""
    command = ["cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}\t{l}", *arguments]
    lines = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.splitlines()
    found = {}
    for line in filter(None, lines):
        package, licence = line.split("\t")
        words = package.split()
        # A procedural macro runs in the compiler.
        if "(proc-macro)" not in package:
            found[words[0], words[1].removeprefix("v")] = licence.removesuffix(" (*)")
    return found


def checksums(folder):
    with open(f"{folder}/Cargo.lock", "rb") as lock:
        packages = tomllib.load(lock)["package"]
    return {(one["name"], one["version"]): one["checksum"] for one in packages if "checksum" in one}


def component(kind, crate, licence, checksum=None):
    name, version = crate
    purl = f"pkg:cargo/{name}@{version}"
    described = {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if licence:
        # Older crates separate licences by a slash.
        described["licenses"] = [{"expression": " OR ".join(part.strip() for part in licence.split("/"))}]
    if checksum:
        described["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return described


def main():
    target = sys.argv[1]
    program = crates(".", ["-p", "loadtest", "--features", "bundled", "--target", target])
    guests = crates("components", ["--target", "wasm32-wasip2"])
    known = checksums(".") | checksums("components")
    (root,) = [crate for crate in program if crate[0] == "loadtest"]
    licence = program.pop(root)
    parts = program | guests
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component("application", root, licence)},
        "components": [component("library", crate, parts[crate], known.get(crate)) for crate in sorted(parts)],
    }
    json.dump(document, sys.stdout, indent=1)
    print()


main()
