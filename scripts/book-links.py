#!/usr/bin/env python3
"""Checks that each link within a folder of HTML pages leads to a file and a place in it: book-links.py FOLDER"""

import pathlib
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links and the ids of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids = set(), set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.add(value)
            if name == "id" and value:
                self.ids.add(value)


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    # The reports in docs/examples are not pages of the book; print.html and 404.html repeat other pages.
    left_out = {"print.html", "404.html", "toc.html"}
    paths = [path for path in folder.rglob("*.html") if path.name not in left_out and path.parent.name != "examples"]
    pages = {path: Page(path) for path in paths}
    broken = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            known = pages.get(target)
            if not target.exists() or (parts.fragment and known and unquote(parts.fragment) not in known.ids):
                broken.append(f"{path.relative_to(folder)}: {link}")
    print(f"book: {len(pages)} pages, {len(broken)} broken links", *broken, sep="\n", file=sys.stderr)
    sys.exit(bool(broken))


main()
