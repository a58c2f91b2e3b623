#!/usr/bin/python3
"""For scripts/lint: what clang-tidy's answer about a source depends on, as one key.

    scripts/lib/tidy_keys.py BUILD      prints "SOURCE KEY", by line

KEY is a hash of .clang-tidy, the compile command, the version of clang-tidy, and the content of the
source and of everything of ours that it includes, as the last build knows it (the headers of the
system are left out: they change with the system). Of a source that was never built
nobody knows what it includes: its key is "-".
"""

import hashlib
import json
import os
import pathlib
import subprocess
import sys


def included(build):
    """The files that each object was made of, ours alone, by the object's name."""
    told = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True,
                          check=True).stdout
    files, current = {}, None
    for line in told.splitlines():
        if line.startswith("    "):
            path = os.path.normpath(os.path.join(build, line.strip()))
            if not path.startswith("/usr/"):
                files[current].append(path)
        elif line:
            current = line.partition(":")[0]
            files[current] = []
    return files


def main():
    build, top = os.path.abspath(sys.argv[1]), os.getcwd()
    files, hashes = included(build), {}

    def content(path):
        if path not in hashes:
            try:
                hashes[path] = hashlib.sha256(pathlib.Path(path).read_bytes()).digest()
            except FileNotFoundError:
                hashes[path] = b"gone"
        return hashes[path]

    version = subprocess.run(["clang-tidy-16", "--version"], capture_output=True, check=True).stdout
    for command in json.loads(pathlib.Path(build, "compile_commands.json").read_text()):
        source = os.path.relpath(command["file"], top)
        if not source.startswith(("services/", "cli/")) or source.endswith("_test.cc"):
            continue
        words = command["command"].split()
        made_of = files.get(words[words.index("-o") + 1])
        if made_of is None:
            print(source, "-")
            continue
        # The same for every clone.
        key = hashlib.sha256(version + command["command"].replace(top, "").encode())
        for path in (".clang-tidy", *sorted(made_of)):
            key.update(os.path.relpath(path, top).encode() + content(path))
        print(source, key.hexdigest())


main()
