#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The documents' walks, walked: what a block of a Markdown file promises is run and compared.

```yaml NAME, ```json NAME   the block is written to the file NAME of a scratch folder
```console                   lines that begin with "$ " are run there, in order; what follows is the whole output,
                             with … as any text within a line and, alone in a line, as any lines
Every other block is left alone. Lines have at most 120 columns, but for those of JSON."""
import os
import re
import subprocess
import sys
import tempfile

ANY = "…"


def blocks(path):
    """(line number, info string, lines) of each fenced block"""
    info, body, start = None, [], 0
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if info is None and line.startswith("```"):
                info, body, start = line[3:].split(), [], number
            elif info is not None and line == "```":
                yield start, info, body
                info = None
            elif info is not None:
                body.append(line)
    if info is not None:
        raise SystemExit(f"{path}:{start}: a block without an end")


def wide(path):
    """numbers of the lines that are too long; an event of JSON is one line, however long"""
    with open(path, encoding="utf-8") as f:
        return [n for n, line in enumerate(f, 1) if len(line.rstrip("\n")) > 120 and not line.startswith('{"')]


def steps(start, body):
    """(line number, command, promised lines) of each command of a console block"""
    number, command, promised = start, None, []
    for i, line in enumerate(body, start + 1):
        if line.startswith("$ "):
            if command is not None:
                yield number, command, promised
            number, command, promised = i, line[2:], []
        elif command is None:
            raise SystemExit(f"line {i}: output without a command")
        elif command.endswith("\\"):
            command = command[:-1] + line.strip()
        else:
            promised.append(line)
    yield number, command, promised


def pattern(promised):
    parts = []
    for line in promised:
        if line.strip() == ANY:
            parts.append("(?:.*\n)*?")
        else:
            parts.append("[^\n]*".join(re.escape(p) for p in line.rstrip().split(ANY)) + "[ ]*\n")
    return re.compile("".join(parts))


def walk(path, noroshi):
    failed = commands = 0
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(f"{root}/bin")
        os.mkdir(f"{root}/work")
        os.symlink(noroshi, f"{root}/bin/noroshi")
        env = dict(os.environ, PATH=f"{root}/bin:{os.environ['PATH']}", LC_ALL="C.UTF-8", TZ="UTC", NO_COLOR="1")
        for start, info, body in blocks(path):
            if len(info) == 2 and "/" not in info[1]:
                with open(f"{root}/work/{info[1]}", "w", encoding="utf-8") as f:
                    f.write("".join(line + "\n" for line in body))
            if info != ["console"]:
                continue
            for number, command, promised in steps(start, body):
                commands += 1
                done = subprocess.run(["sh", "-c", command], cwd=f"{root}/work", env=env, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
                seen = done.stdout.decode("utf-8", "replace")
                if not pattern(promised).fullmatch(seen):
                    failed += 1
                    print(f"{path}:{number}: $ {command}\n--- promised\n" + "\n".join(promised) + f"\n--- seen\n{seen}")
    for number in wide(path):
        failed += 1
        print(f"{path}:{number}: more than 120 columns")
    print(f"{path}: {commands} commands, {failed} failed")
    return commands, failed


if __name__ == "__main__":
    results = [walk(path, os.path.realpath(os.environ["NOROSHI"])) for path in sys.argv[1:]]
    sys.exit(1 if any(failed or commands < 5 for commands, failed in results) else 0)
