#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""All that test/vm/all asks of one kernel, inside the guest: guest.py PART...

  programs   every BPF program of the build is taken by this kernel's verifier; sizes go to /out/programs.tsv
  agent      `noroshi run` with the default rules gets ready, sees the triggers and writes findings; with rules that need every
             call of events.def none is lost that this kernel has; what status says goes to /out/status.txt
  records    the tests that hold every record to a trigger's truth, RECORDS below
  styles     of those the ones of names that change, seen by tracepoints and at functions of the kernel
  NAME       test/e2e/NAME.py as it is; its output goes to /out/NAME.tap; NAME@STYLE: `noroshi record --attach STYLE`

TAP, with one line for a part's every check, but one for a whole test of the suite.
"""
import json
import os
import subprocess
import sys
import tempfile

SRC = os.environ["SRC"]
sys.path.insert(0, os.path.join(SRC, "test", "e2e"))
import lib_agent  # noqa: E402
import lib_record  # noqa: E402

OUT = "/out"
RECORDS = ("exec", "file", "net", "creds", "system", "uring", "ia32", "routes", "race", "writer", "pipes", "opens",
           "rawsocket", "transfer", "hello", "change", "contexts", "ia32_calls")
STYLES = tuple(name + "@" + style for style in ("function", "tracepoint") for name in ("file", "change", "routes", "uring"))
results = lib_agent.Results()


def programs():
    done = subprocess.run([os.path.join(lib_record.BUILD, "tool", "programs"), "-v"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    with open(OUT + "/programs.tsv", "wb") as f:
        f.write(done.stdout)
    with open(OUT + "/programs.log", "wb") as f:
        f.write(done.stderr)
    rows = [line.split("\t") for line in done.stdout.decode(errors="replace").splitlines()]
    results.add(not rows and "exit status %d" % done.returncode, "programs: the tool ran")
    for line in done.stderr.decode(errors="replace").splitlines():
        print("# " + line)
    refused = [r for r in rows if r[0] in ("refused", "deep")]
    for r in refused:
        results.add(r[-1] or "no reason", "programs: %s is taken" % r[1])
    taken = sum(r[0] == "loaded" for r in rows)
    print("# %d taken, %d refused, %d without their hook: %s" %
          (taken, len(refused), len(rows) - taken - len(refused), " ".join(r[1] for r in rows if r[0] == "absent")))
    results.add(len(refused), "programs: all are taken")


def triggers():
    """Every trigger, in all its modes."""
    folder = os.path.join(lib_record.BUILD, "trigger")
    for name in sorted(os.listdir(folder)):
        modes = subprocess.run([os.path.join(folder, name), "list"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, check=False).stdout.decode(errors="replace").split("\n", 1)[0].split()
        for mode in modes if name in ("exec", "file") else [None]:
            with tempfile.TemporaryDirectory(prefix="noroshi-vm.") as tmp:
                argv = [os.path.join(folder, name)] + ([mode, tmp] if mode else ["-n"] if name == "dns" else [])
                subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                               timeout=120)


def status(agent, what):
    done = subprocess.run([lib_agent.NOROSHI, "status", "--state", agent.state], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    with open(OUT + "/status.txt", "ab") as f:
        f.write(("== %s\n" % what).encode() + done.stdout)
    done = subprocess.run([lib_agent.NOROSHI, "status", "--json", "--state", agent.state], stdout=subprocess.PIPE, check=False)
    with open(OUT + "/status-%s.json" % what.split()[0], "wb") as f:
        f.write(done.stdout)
    return json.loads(done.stdout or b'{"coverage": {"calls": {"status": {"state": "lost", "reason": "no agent answers"}}}}')


def calls_lost(report):
    """What is lost; what else is not as on the newest kernels is told."""
    calls, less = report["coverage"]["calls"].items(), {}
    for name, call in calls:
        if call["reason"] and call["state"] != "lost":
            less.setdefault("%s, %s" % (call["state"], call["reason"]), []).append(name)
    for reason, names in sorted(less.items()):
        print("# %s: %s" % (reason, " ".join(names)))
    return ["%s: %s" % (name, call["reason"]) for name, call in calls if call["state"] == "lost"]


def agent():
    with lib_agent.Agent() as under_test:
        results.add("ready" not in under_test.said() and under_test.said(), "agent: ready with the default rules")
        subprocess.run(["cat", "/etc/shadow"], stdout=subprocess.DEVNULL, check=True)
        lib_agent.await_that("finding", lambda: under_test.findings("Shadow file read"))
        results.add(not under_test.findings("Shadow file read"), "agent: a finding is written")
        report = status(under_test, "default rules")
        results.add(calls_lost(report)[:5], "agent: no call is lost")
        results.add(under_test.stop(), "agent: ends well")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", prefix="noroshi-rules.") as rules:
        rules.write('- rule: All\n  desc: d\n  condition: evt.type in (%s) and proc.name != ""\n  output: "%%evt.type %%proc.cmdline"\n'
                    "  priority: NOTICE\n" % ", ".join(c for c in lib_record.CALLS if c != "none"))
        rules.flush()
        with lib_agent.Agent("-r", rules.name) as under_test:
            results.add("ready" not in under_test.said() and under_test.said(), "agent: ready with every call")
            triggers()
            lib_agent.await_that("findings", lambda: under_test.findings("All"))
            report = status(under_test, "every call")
            results.add(calls_lost(report)[:5], "agent: every call is seen")
            names = report["coverage"]["attach"]     # Debian's kernels take programs at functions
            results.add(names.split(";")[0] != ("tracepoints" if lib_record.RELEASE >= (6, 13) else "functions") and names,
                        "agent: names that change are the kernel's")
            results.add(under_test.stop(), "agent: ends well")
            seen = {f["output"].split(" ")[0] for f in under_test.findings("All")}
            print("# calls in findings: " + " ".join(sorted(seen)))


def test(name):
    script, _, style = name.partition("@")
    done = subprocess.run([os.path.join(SRC, "test", "e2e", script + ".py")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, env=dict(os.environ, **({"ATTACH": style} if style else {})))
    said = done.stdout.decode(errors="replace")
    with open("%s/%s.tap" % (OUT, name), "w", encoding="utf-8") as f:
        f.write(said)
    lines = said.splitlines()
    bad = [i for i, line in enumerate(lines) if line.startswith("not ok")]
    good = sum(line.startswith("ok") for line in lines)
    if done.returncode == 77:
        results.number += 1
        print("ok %d - %s # skip %s" % (results.number, name, lines[-1] if lines else ""))
        return
    for i in bad[:20]:
        print("# %s" % lines[i])
        print("# %s" % (lines[i + 1][:1000] if i + 1 < len(lines) else ""))
    if done.returncode and not bad:
        for line in lines[-10:]:
            print("# " + line[:1000])
    print("# %d of %d" % (good, good + len(bad)))
    results.add(done.returncode and "exit status %d" % done.returncode, name)


parts = [t for part in sys.argv[1:] for t in {"records": RECORDS, "styles": STYLES}.get(part, (part,))]
for part in dict.fromkeys(parts):   # each once
    {"programs": programs, "agent": agent}.get(part, lambda p=part: test(p))()
    sys.stdout.flush()
results.end()
