"""Packages of Node.js: those of package-lock.json, installed beside it."""

import json
import pathlib
import threading

from client import run

_HERE = pathlib.Path(__file__).resolve().parent.parent
_lock = threading.Lock()


def install():
    mark = _HERE / "node_modules/.package-lock.json"
    with _lock:
        if not mark.exists() or mark.stat().st_mtime < (_HERE / "package-lock.json").stat().st_mtime:
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
                directory=_HERE)
            mark.touch()


def version(package):
    lock = json.loads((_HERE / "package-lock.json").read_text())
    return lambda: lock["packages"][f"node_modules/{package}"]["version"]
