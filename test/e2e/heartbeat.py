#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Heartbeats of a real agent, at a receiver of ours and at one whose decoder is not: observed counts, gaps, the last one."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
if not shutil.which("protoc"):
    lib_agent.skip("protoc is needed")
try:
    from google.protobuf import json_format
except ImportError:
    lib_agent.skip("python3-protobuf is needed")
import lib_badserver  # noqa: E402

MARK = "noroshi-beat-%d" % os.getpid()
RULE = """- rule: %s
  desc: d
  condition: evt.type in (execve, execveat) and proc.args contains %s
  output: ran %%proc.args
  priority: NOTICE
  enabled: %s
"""
results = lib_agent.Results()
check = results.check


def agent_of(rules, interval, *urls):
    sinks = [word for url in urls for word in ("--sink", "upload:" + url)]
    return lib_agent.Agent("-r", rules, *sinks, config="heartbeat: %s\n" % interval)


def act(n):
    for i in range(n):
        subprocess.run(["/bin/echo", "%s-%d" % (MARK, i)], stdout=subprocess.DEVNULL, check=True)


def decode(body):
    """The words of `protoc --decode`, which knows nothing of our code."""
    proto = os.path.join(lib_agent.SRC, "proto")
    return subprocess.run(["protoc", "-I", proto, "--decode=noroshi.v1.FindingBatch", "noroshi/v1/batch.proto"], input=body,
                          stdout=subprocess.PIPE, check=True).stdout.decode()


def bodies(server):
    return [lib_badserver.unpack(coding, body) for coding, body in server.bodies]


class Receiver:
    def __init__(self, store):
        self.store = store
        self.process = subprocess.Popen([lib_agent.NOROSHI, "receive", "--listen", "127.0.0.1:0", "--store", store],
                                        stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "ready on " in line:
                self.url = line.split("ready on ")[1].split(",")[0]
                return
        raise AssertionError("no receiver")

    def heartbeats(self, *args):
        return subprocess.run([lib_agent.NOROSHI, "findings", "--store", self.store, "--heartbeats", *args],
                              stdout=subprocess.PIPE, text=True, check=True).stdout

    def last(self):
        lines = self.heartbeats("--json").splitlines()
        return json.loads(lines[-1]) if lines else None

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        self.process.stderr.close()
        self.process.wait()


def observed(beat, rule="Tried"):
    return next((o for o in beat.observed if o.rule == rule), None)


def live(schema, server, receiver, rules):
    with agent_of(rules, "500ms", server.url, receiver.url) as agent:
        check("the first comes at the start", lib_agent.await_that("a heartbeat", lambda: server.heartbeats))
        act(5)
        lib_agent.await_that("the matches", lambda: getattr(observed(server.heartbeats[-1]), "matches", 0) == 5)
        lib_agent.await_that("the receiver's", lambda: any(o["matches"] == 5 for o in receiver.last()["heartbeat"].get("observed", [])))
        text = receiver.heartbeats("--detail")
        check("findings --heartbeats shows it", "observed Tried: 5 matches, no findings" in text and "ran %s-0" % MARK in text
              and " healthy " in text, text)
        status = agent.coverage()
        server.plan = ["error", "close"]
        lib_agent.await_that("the plan", lambda: not server.plan)
        after = len(server.heartbeats)
        lib_agent.await_that("another", lambda: len(server.heartbeats) > after)
        ended = agent.stop()
        check("the agent ends", ended == 0, ended)
        found = agent.findings("Tried")
        check("no finding came of it", not found, found)
    beats = server.heartbeats
    numbers = [b.sequence for b in beats]
    check("sequence from 1, never back", numbers[0] == 1 and numbers == sorted(set(numbers)), numbers)
    check("only the last says that it is", [b.last for b in beats] == [False] * (len(beats) - 1) + [True], numbers)
    batches = [schema.FindingBatch.FromString(plain) for plain in bodies(server)]
    mixed = [b for b in batches if b.HasField("heartbeat") and b.findings]
    check("none came with findings", not mixed, str(mixed))
    last = beats[-1]
    check("one run", {b.agent_id for b in beats} == {last.agent_id} and len({b.started for b in beats}) == 1, str(last))
    check("who and with what", last.host.name == os.uname().nodename and last.host.kernel == os.uname().release and
          last.ruleset_digest == status["rules"]["digest"] and last.agent_version == status["version"] and last.rules == 2 and
          last.started == status["started"] and last.interval == 1, str(last))
    check("healthy, or why not", (last.status == 2) == (not last.issues), str(last))
    tried = observed(last)
    check("count and first samples", tried.matches == 5 and [s.output for s in tried.first] == ["ran %s-%d" % (MARK, i) for i in range(3)],
          str(tried))
    check("the rule that is on is not among them", [o.rule for o in last.observed] == ["Tried"], str(last.observed))
    check("its findings are counted", last.counters.findings >= 1 and last.counters.matches >= 10, str(last.counters))
    check("all sinks", [q.sink for q in last.queues] == ["file", "upload", "upload"], str(last.queues))
    return last


def agree(schema, server, receiver, last):
    body = next(b for b in reversed(bodies(server)) if schema.FindingBatch.FromString(b).HasField("heartbeat"))
    words = decode(body)
    check("protoc --decode agrees", 'rule: "Tried"' in words and "matches: 5" in words and "last: true" in words and
          "status: STATUS_" in words and not any(w.split(":")[0].strip().isdigit() for w in words.splitlines()), words)
    stored = receiver.last()
    ours = stored["heartbeat"]
    theirs = json_format.Parse(json.dumps(ours), type(last)())
    check("python's protobuf reads the stored JSON as the same message", theirs.agent_id == last.agent_id and theirs.last and
          theirs.observed == last.observed and theirs.host == last.host and theirs.losses == last.losses, str(theirs))
    check("the receiver missed fewer than there were", 0 <= stored["missed"] < ours["sequence"], stored)
    text = receiver.heartbeats()
    check("one run, and it has stopped", text.count("heartbeat ") == 1 and " stopped " in text, text)


def silence(receiver, rules):
    with agent_of(rules, "100ms", receiver.url) as agent:
        lib_agent.await_that("a second run", lambda: receiver.heartbeats().count(": since") == 2)
        agent.process.kill()
        agent.process.wait()
    check("killed: silence is told", lib_agent.await_that("silence", lambda: "SILENT" in receiver.heartbeats()), receiver.heartbeats())


def off(schema, rules):
    server = lib_badserver.BadServer(schema)
    with agent_of(rules, "0", server.url) as agent:
        act(1)
        lib_agent.await_that("findings", lambda: server.batches)
        agent.stop()
    server.close()
    check("0: none at all", not server.heartbeats and server.batches, server.heartbeats)


with tempfile.TemporaryDirectory(prefix="noroshi-heartbeat.") as tmp:
    proto = lib_badserver.load_schema(lib_agent.SRC, tmp)
    path = os.path.join(tmp, "rules.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(RULE % ("Live", MARK, "true") + RULE % ("Tried", MARK, "observe"))
    theirs = lib_badserver.BadServer(proto)
    ours = Receiver(os.path.join(tmp, "s.db"))
    try:
        agree(proto, theirs, ours, live(proto, theirs, ours, path))
        silence(ours, path)
        off(proto, path)
    finally:
        theirs.close()
        ours.end()
results.end()
