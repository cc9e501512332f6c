#!/usr/bin/env python3
"""Prints the manifest of the Spin plugin: plugin-manifest.py VERSION TARGET ARCHIVE

BASE_URL is where the archive will be published, REPOSITORY the project's address; scripts/package.sh describes them.
"""

import hashlib
import json
import os
import pathlib
import sys

# Spin's names for the processors of targets.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "aarch64"}

version, target, archive = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
base = os.environ.get("BASE_URL")
manifest = {
    "name": "burst",
    "description": "Fires bursts of requests, and finds whether and why they are served in parallel or not",
    "version": version,
    "spinCompatibility": ">=2.0",
    "license": "MIT OR Apache-2.0",
    "packages": [
        {
            "os": "linux",
            "arch": ARCHITECTURES[target.split("-")[0]],
            "url": f"{base.rstrip('/')}/{archive.name}" if base else archive.resolve().as_uri(),
            "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        }
    ],
}
if repository := os.environ.get("REPOSITORY"):
    manifest["homepage"] = repository
json.dump(manifest, sys.stdout, indent=2)
print()
