#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The public filter cases of the original's own tests, through the command line: what is valid, what is not, how many
# warnings, which events, and what matches. What cannot run stands in falco_skips.txt with its reason.
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import lib_falco
from lib_falco import NOROSHI

NA = {"hex": b"<NA>".hex()}     # the text itself: as JSON text it means a missing field


def raw(text):
    return {"hex": text.hex()}


# The event that a case's notes describe, found by a piece of them.
EVENTS = [
    ("c.true/c.false", {"evt.type": "getcwd", "evt.count": 1, "evt.count.error": 0, "proc.name": "hello 'quoted'",
                        "proc.cmdline": 'hello "quoted"'}),
    ("execve exit event whose optional params are empty", {
        "evt.type": "execve", "proc.pid": 1, "evt.arg.flags": NA, "evt.arg.cap_inheritable": NA, "evt.arg.exe_ino_ctime": NA,
        "evt.arg.trusted_exepath": NA, "evt.arg.gid": NA, "evt.rawarg.trusted_exepath": NA}),
    ('"/myexe","myexe")', {"evt.type": "execve", "proc.name": "myexe", "proc.exe": "myexe", "proc.exepath": "/myexe"}),
    ("generate_getcwd_failed_entry_event()", {
        "evt.type": "getcwd", "syscall.type": "getcwd", "evt.source": "syscall", "evt.arg.res": "0", "evt.arg.path": "/test/dir",
        "evt.arg[1]": "/test/dir", "evt.args": "res=0 path=/test/dir"}),
    ("file_to_run,", {
        "evt.type": "open", "fd.name": "/tmp/file_to_run", "fd.directory": "/tmp", "fd.types": ["file"],
        "fd.filename": "file_to_run", "evt.arg.name": "/tmp/file_to_run", "proc.pid": 1, "proc.name": "init"}),
    ('"/opt/dir/subdir/file.txt"', {"evt.type": "open", "fd.name": "/opt/dir/subdir/file.txt"}),
    ('"/opt/dir/SUBDIR/file.txt"', {"evt.type": "open", "fd.name": "/opt/dir/SUBDIR/file.txt",
                                    "evt.arg.flags": "O_CREAT|O_RDWR"}),
    ('(int64_t)(- 1),"/tmp/the_file"', {"evt.type": "open", "fd.num": -1, "fd.name": "/tmp/the_file"}),
    ("PPME_SYSCALL_EPOLL_CREATE_X,2,(uint64_t)- 22", {"evt.type": "epoll_create", "evt.cpu": 1, "evt.rawarg.res": -22,
                                                      "evt.rawres": -22}),
    ("PPME_SYSCALL_EPOLL_CREATE_X,2,(int64_t)0,(int32_t)- 22", {"evt.type": "epoll_create", "evt.rawarg.size": -22}),
    ("PPME_SYSCALL_SIGNALFD4_X", {"evt.type": "signalfd4", "evt.rawarg.flags": 0}),
    ("PPME_SYSCALL_TIMERFD_CREATE_X", {"evt.type": "timerfd_create", "evt.rawarg.flags": 255}),
    ('"/bin/test-exe"', {"evt.type": "execve", "evt.rawarg.uid": 0, "evt.rawarg.pgid": 0}),
    ("server_sockaddr", {
        "evt.type": "connect", "fd.cip": "172.40.111.222", "fd.sip": "142.251.111.147", "fd.lip": "172.40.111.222",
        "fd.rip": "142.251.111.147", "fd.cport": 54321, "fd.sport": 443}),
    ("server1_sockaddr", {
        "evt.type": "connect", "fd.cip": "::1", "fd.sip": "2001:4860:4860::8888", "fd.lip": "2001:4860:4860::8888",
        "fd.rip": "::1", "fd.cport": 54321, "fd.sport": 443}),
    ("_bcontains_bstartswith", {"evt.type": "read", "evt.buffer": "hello"}),
    ("_matches_nul", {"evt.type": "read", "evt.buffer": raw(b"a\0b")}),
    ("_data_buffer_str", {"evt.type": "read", "evt.arg.data": "gigi"}),
    ('"/p\\u00ff/q\\u00ff"', {"evt.type": "open", "fd.name": raw(b"/p\xff/q\xff"), "fd.filename": raw(b"q\xff"),
                              "evt.arg.name": raw(b"/p\xff/q\xff")}),
    ('"bad\\u00ff"', {"evt.type": "execve", "proc.name": raw(b"bad\xff")}),
    ('"/tmp/s\\u00ff"', {"evt.type": "rename", "fs.path.source": raw(b"/tmp/s\xff"), "fs.path.target": raw(b"/tmp/t\xff")}),
    ('"/tmp/a\\u00ff"', {"evt.type": "open_by_handle_at", "evt.abspath": raw(b"/tmp/a\xff")}),
    ('"/tmp/c\\u00ff"', {"evt.type": "chdir", "proc.cwd": raw(b"/tmp/c\xff/")}),
    ('"/good-exe","good-exe"', {"evt.type": "execve", "proc.name": "good-exe", "proc.aname": ["bash", "init"]}),
    ("generate_proc_exit_event(2,INIT_TID)", {"evt.type": "procexit", "evt.arg.ret": "0", "evt.arg.reaper_tid": "1"}),
    ("derived from path-set test; fd.name=", None),     # the name is the rest of the note
]


def event_of(notes):
    for piece, event in EVENTS:
        at = notes.find(piece)
        if at >= 0:
            return event or {"evt.type": "open", "fd.name": notes[at + len(piece):]}
    return None


def without_mocks(text, notes):
    """The compiler's tests have fields of their own: those of the same type stand in."""
    number = "proc.name" if "uses mock field" in notes else "evt.count"
    for mock, field in (("c.true", number), ("c.false", "evt.count.error"), ("c.singlequote", "proc.name"),
                        ("c.doublequote", "proc.cmdline"), ("c.buffer", "evt.buffer")):
        text = text.replace(mock, field)
    return text


def run(*args):
    return subprocess.run([NOROSHI, *args], capture_output=True, check=False)


def in_file(folder, key, text):
    path = os.path.join(folder, f"{key}.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def quoted(condition):
    """As a YAML text."""
    return json.dumps(condition.encode("latin-1", "backslashreplace").decode("latin-1"))


def is_parsed_only(condition, notes):
    """A macro that nobody uses is parsed, and no more: what it names need not exist."""
    return "stage=parse" in notes or ("stage=warning" in notes and "evt.dir" not in condition)


def text_of(name, condition, notes):
    if is_parsed_only(condition, notes):
        return f"- macro: {name}\n  condition: {quoted(condition)}\n"
    return f"- rule: {name}\n  desc: d\n  output: o\n  priority: INFO\n  condition: {quoted(condition)}\n"


BATCH = 32      # files of one process


def check(files):
    """Per file the codes of its errors and those of its warnings."""
    out = {}
    for i in range(0, len(files), BATCH):
        for f in json.loads(run("check", "--json", "--falco-strict", *files[i:i + BATCH]).stdout)["falco_load_results"]:
            out[f["name"]] = [e["code"] for e in f["errors"]], [w["code"] for w in f["warnings"]]
    return out


def explain(files):
    """Per rule its events."""
    out = {}
    for i in range(0, len(files), BATCH):
        args = [a for f in files[i:i + BATCH] for a in ("-r", f)]
        out.update({r["rule"]: set(r["events"]) for r in json.loads(run("explain", "--json", "--falco-strict", *args).stdout)})
    return out


def event_set(what, everything):
    named = {n for n in ("openat", "close") if n in what}
    return everything - named if what.startswith("not_") or what == "all_events" else named


class Case:
    def __init__(self, number, row):
        self.origin, self.condition, self.expected, self.notes = row
        self.text, self.notes = without_mocks(unescape(self.condition), unescape(row[3])), unescape(row[3])
        self.name = f"r{number}"
        self.file = self.same = None
        self.wants_set = re.search(r"expected set=(\w+)", self.notes)
        self.wants_same = re.search(r"same event-type set as: (.*)", self.notes)

    def write(self, folder):
        self.file = in_file(folder, self.name, text_of(self.name, self.text, self.notes))
        if self.wants_same:
            self.same = in_file(folder, self.name + "s", text_of(self.name + "s", self.wants_same.group(1), self.notes))

    def wrong_codes(self, errors, warnings):
        if is_parsed_only(self.text, self.notes):
            errors = [e for e in errors if e != "LOAD_ERR_VALIDATE"]    # a macro in it is unknown, which was not asked
        if bool(errors) != (self.expected == "invalid"):
            return f"{errors}"
        said = re.search(r"expected_warnings=(\d+)", self.notes)
        if said and warnings.count("LOAD_COMPILE_CONDITION") != int(said.group(1)):
            return f"{warnings}"
        if "stage=warning" in self.notes and "evt.dir" in self.text and "LOAD_DEPRECATED_ITEM" not in warnings:
            return f"no warning: {warnings}"
        return None

    def wrong_events(self, events, everything):
        if not self.wants_set and not self.wants_same:
            return None
        other = event_set(self.wants_set.group(1), everything) if self.wants_set else events[self.name + "s"]
        return f"events {sorted(events[self.name] ^ other)[:5]} differ" if events[self.name] != other else None

    def wrong_match(self, folder):
        if self.expected not in ("matched", "unmatched"):
            return None
        event = event_of(self.notes)
        if not event:
            return "no event for it"
        path = os.path.join(folder, f"{self.name}.jsonl")
        with open(path, "w", encoding="utf-8") as f:
            f.write(json.dumps(event) + "\n")
        r = run("eval", "--falco-strict", "-e", path, self.text)
        if r.returncode:
            return r.stderr.decode()
        return None if bool(r.stdout) == (self.expected == "matched") else f"matched: {bool(r.stdout)}"


def unescape(cell):
    return re.sub(r"\\(\\|t|n|r|x[0-9a-f]{2})",
                  lambda m: {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}.get(m[1]) or chr(int(m[1][1:], 16)), cell)


def outcomes(cases, folder):
    """Per case what is wrong with it, or None."""
    for c in cases:
        c.write(folder)
    codes = check([c.file for c in cases])
    wrong = {c: c.wrong_codes(*codes[c.file]) for c in cases}
    every = in_file(folder, "every", text_of("every", "evt.num > 0", ""))
    files = [every] + [f for c in cases if not wrong[c] and (c.wants_set or c.wants_same) for f in (c.file, c.same) if f]
    events = explain(files)
    for c in cases:
        wrong[c] = wrong[c] or c.wrong_events(events, events["every"])
    with ThreadPoolExecutor(2) as pool:
        left = [c for c in cases if not wrong[c]]
        wrong.update(zip(left, pool.map(lambda c: c.wrong_match(folder), left)))
    return wrong


def main():
    cases = [Case(i, line.split("\t")) for i, line in enumerate(lib_falco.cases("filter-cases.tsv")) if i]
    left_out = lib_falco.left_out("filter", ((c.origin, c.condition) for c in cases))
    run_here = [c for c in cases if (c.origin, c.condition) not in left_out]
    with tempfile.TemporaryDirectory() as folder:
        wrong = outcomes(run_here, folder)
    bad = 0
    for c in run_here:
        if wrong[c]:
            print(f"{c.origin}: {c.condition}\n    should be {c.expected}: {wrong[c]}")
            bad += 1
    for name in ("valid", "invalid", "matched", "unmatched"):
        ran = [c for c in run_here if c.expected == name]
        print(f"{name}: {sum(not wrong[c] for c in ran)} of {len(ran)} run agree, "
              f"{sum(c.expected == name for c in cases)} in all")
    decided = sum(not wrong[c] for c in run_here if c.expected.endswith("matched"))
    print(lib_falco.agreement(len(run_here) - bad, len(run_here), len(cases) - len(run_here)) + f"; {decided} that match or do not")
    return 1 if bad or decided < 300 else 0


sys.exit(main())
