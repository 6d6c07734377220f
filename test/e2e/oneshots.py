#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""500 one-shot containers by runc, as fast as this machine starts them: each exec is its container's, task's and family's, also where
the ECS agent knows them late, and when they are long gone. ONE_SHOTS=N for another number."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_ecs  # noqa: E402
import lib_runc  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
if not shutil.which("runc"):
    lib_agent.skip("runc is not installed")
N = int(os.environ.get("ONE_SHOTS", "500"))
WORKERS = os.cpu_count() or 1
LATE = 10       # one in so many is known to the ECS agent a second after it was first asked
MARK = "noroshi-shot-%d-" % os.getpid()
RULE = "One shot"
RULES = """
- rule: %s
  desc: the program of a container that runs nothing else
  condition: evt.type in (execve, execveat) and evt.res = SUCCESS and proc.name = true and proc.args contains %s
  output: "%%proc.args"
  priority: NOTICE
""" % (RULE, MARK)
CONFIG = """fold_window: 0
hash: {executables: "off"}
attribution: {docker: "off", ecs: "%s", ecs_config: "off", ecs_files: "off"}
"""
results = lib_agent.Results()
folder = tempfile.mkdtemp(prefix="noroshi-shots.")


def ids(i):
    return "%08x%056x" % (0x51070000 + i, os.getpid()), "%032x" % (0x5107000000 + i)


def group(i):
    cid, tid = ids(i)
    return "ecs/%s/%s" % (tid, cid)


def bundle(i, text, root):
    """A bundle of its own; the root is everybody's, and only read."""
    path = os.path.join(folder, "bundle-%d" % i)
    os.mkdir(path)
    lib_runc.bundle(path, text, {"path": root, "readonly": True}, group(i), "/bin/true", MARK + str(i))
    return path


def shoot(text, root):
    """Starts all of them; how many did not run, and how many a second did."""
    left, failed = list(range(N))[::-1], []
    bundles = [bundle(i, text, root) for i in range(N)]

    def work():
        while left:
            try:
                i = left.pop()
            except IndexError:
                return
            done = subprocess.run(["runc", "--root", os.path.join(folder, "state"), "run", "noroshi-shot-%d-%d" % (os.getpid(), i)],
                                  cwd=bundles[i], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                failed.append(done.stdout.decode(errors="replace").strip())
    began = time.monotonic()
    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    return failed, (N - len(failed)) / (time.monotonic() - began)


def wrong(f):
    """None, or what is wrong with the finding of one."""
    i = int(f["output"].rsplit("-", 1)[1])
    cid, tid = ids(i)
    have = (f.get("container", {}).get("id"), f.get("ecs", {}).get("taskId"), f.get("ecs", {}).get("family"), f["attribution"],
            f.get("ecs", {}).get("cluster"))
    want = cid, tid, "family-%d" % (i % 7), "ATTRIBUTION_RESOLVED", "prod"
    return None if have == want else (i, have, f.get("attributionReason"))


def main():
    rules = os.path.join(folder, "rules.yaml")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES)
    text = lib_runc.spec(folder)
    try:
        with lib_ecs.EcsAgent().start() as ecs, lib_agent.Lookalike("%064x" % os.getpid()) as box:
            for i in range(N):
                cid, tid = ids(i)
                family = "family-%d" % (i % 7)
                ecs.tasks.append(lib_ecs.task(tid, lib_ecs.container(cid, family=family), family=family))
                if i % LATE == 0:
                    ecs.late[cid] = 1
            with lib_agent.Agent("-r", rules, config=CONFIG % ecs.url()) as agent:
                failed, rate = shoot(text, box.root)
                if len(failed) == N:
                    lib_agent.skip("runc does not run here: " + failed[0])
                results.add(failed[:1], "%d containers, %.1f a second" % (N, rate))
                lib_agent.await_that("findings", lambda: len(agent.findings(RULE)) >= N - len(failed), 60)
                lib_agent.await_that("attribution", lambda: not [f for f in agent.findings(RULE) if wrong(f)], 60)
                found = agent.findings(RULE)
                results.add(len(found) != N - len(failed) and len(found), "each exec is found, once")
                results.add([wrong(f) for f in found if wrong(f)][:3], "each in its container, task, family and cluster")
                first = {f["id"]: f for f in agent.revisions(RULE) if f["revision"] == 1}
                never = [f["output"] for f in agent.revisions(RULE) if f.get("container", {}).get("id") not in (None, ids(int(f["output"].rsplit("-", 1)[1]))[0])]
                results.add(never[:3], "no revision of any names another's container")
                late = [f for f in first.values() if f["attribution"] != "ATTRIBUTION_RESOLVED"]
                print("# %d were known with the first revision, %d with a later one" % (len(first) - len(late), len(late)))
                results.add(len(late) < N // LATE - len(failed) and len(late), "updates came for those that were known late")
                lost = sum(sum(e["lost"].values()) for e in agent.coverage()["coverage"]["events"].values())
                results.add(lost, "no record was lost")
    finally:
        lib_runc.remove_groups(*map(group, range(N)))
        shutil.rmtree(folder, ignore_errors=True)
    results.end()


main()
