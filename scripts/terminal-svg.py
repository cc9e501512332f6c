#!/usr/bin/env python3
"""Runs a command, and draws its standard output as a terminal: terminal-svg.py FILE.svg COMMAND ARGUMENT...

scripts/examples.sh draws the README's picture by it.
"""

import html
import re
import subprocess
import sys

CHARACTER, LINE, MARGIN = 7.8, 17, 16  # pixels
STYLE = """
  text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d8dee9; white-space: pre; }
  .prompt { fill: #8fbcbb; font-weight: bold; } .bar { fill: #88c0d0; } .waiting { fill: #7b88a1; }
  .good { fill: #a3be8c; font-weight: bold; } .bad { fill: #e58e97; font-weight: bold; }
"""
CLASSES = [
    ("bar", r"█+"),
    ("waiting", r"·+"),
    ("good", r"\bparallel\b"),
    ("bad", r"\b(?:sequential|limited|refused)\b"),
]


def spans(line):
    """The line as runs of one class: (column, class, text)."""
    pattern = "|".join(f"(?P<{name}>{regex})" for name, regex in CLASSES)
    at = 0
    for found in re.finditer(pattern, line):
        if found.start() > at:
            yield at, "", line[at : found.start()]
        yield found.start(), found.lastgroup, found.group()
        at = found.end()
    if at < len(line):
        yield at, "", line[at:]


def drawn(row, line, prompt=False):
    """The line's text elements. Each has its width, so that columns align in any font."""
    y = MARGIN + LINE * (row + 1)
    runs = [(0, "prompt", line)] if prompt else spans(line)
    for column, name, text in runs:
        if not text.strip():
            continue
        x, width = MARGIN + column * CHARACTER, len(text) * CHARACTER
        css = f' class="{name}"' if name else ""
        yield (
            f'<text x="{x:.1f}" y="{y}" textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs"{css}>'
            f"{html.escape(text)}</text>"
        )


def main():
    file, command = sys.argv[1], sys.argv[2:]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    shown = " ".join(["$", command[0].rsplit("/", 1)[-1], *command[1:]])
    lines = ended.stdout.rstrip("\n").split("\n")
    width = max(map(len, [shown, *lines])) * CHARACTER + 2 * MARGIN
    height = (len(lines) + 2) * LINE + 2 * MARGIN
    elements = list(drawn(0, shown, prompt=True))
    for row, line in enumerate(lines):
        elements += drawn(row + 2, line)
    with open(file, "w") as svg:
        svg.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{html.escape(shown, quote=True)}">\n'
            f"<style>{STYLE}</style>\n"
            f'<rect width="100%" height="100%" rx="8" fill="#2e3440"/>\n' + "\n".join(elements) + "\n</svg>\n"
        )


main()
