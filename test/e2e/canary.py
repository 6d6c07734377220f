#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The canary of a live agent comes back and is no finding; blinded, flooded or kept from it, the agent says so, and again when it is well."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
from health import detach  # noqa: E402
from lib_agent import NOROSHI, await_that  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
results = lib_agent.Results()
check = results.check

CONFIG = 'attribution: {docker: "off", ecs: "off"}\ncanary: %s\n'
KINDS = {"open", "connect", "dns", "exec"}
ALL = """- rule: All of it
  desc: d
  condition: >
    evt.type in (execve, clone, clone3, vfork, procexit, connect, socket, dup2, dns, sendto, setsockopt, unlink) or evt.is_open_write = true
  output: "%evt.type %proc.exepath %proc.cmdline %fd.name %dns.qname"
  priority: NOTICE
"""
FILES = """- rule: Flooded
  desc: d
  condition: evt.type = openat and evt.is_open_write = true and fd.name startswith /tmp/noroshi-canary-flood
  output: o
  priority: NOTICE
  enabled: %s
"""


def canary(agent):
    return agent.coverage()["canary"]


def states(agent):
    return {name: kind["state"] for name, kind in canary(agent)["kinds"].items()}


def missed(agent):
    return {i["subject"] for i in agent.coverage()["issues"] if i["code"] == "CANARY_MISSED"}


def rules_of(agent_dir, text):
    path = os.path.join(agent_dir, "rules.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def comes_back(folder):
    """All four by rules that match everything, and nothing of it is a finding; what is blinded is said, and seen again."""
    with lib_agent.Agent("-r", rules_of(folder, ALL), config=CONFIG % "1s") as agent:
        check("all comes back", await_that("four seen", lambda: states(agent) == dict.fromkeys(KINDS, "seen")), states(agent))
        check("round after round", await_that("five rounds", lambda: canary(agent)["rounds"] >= 5))
        check("none is missed", not any(k["missedSum"] for k in canary(agent)["kinds"].values()), canary(agent))
        subprocess.run(["/bin/true"], check=True)
        check("others' are findings", await_that("true", lambda: [f for f in agent.findings() if "/bin/true" in f["output"]]))
        own = [f["output"] for f in agent.findings() if re.search(r"canary-|canary\.noroshi|127\.83\.71\.53|noroshi run", f["output"])]
        check("nothing of it is a finding", not own, own)
        said = subprocess.run([NOROSHI, "status", "--state", agent.state], stdout=subprocess.PIPE, text=True, check=False).stdout
        check("status says so", re.search(r"(?m)^canary +open seen after .* ms, connect seen .*, exec seen .* rounds, the last at ", said), said)
        blinded(agent)
        check("it ends", agent.stop() == 0)
        check("and leaves no file", not [name for name in os.listdir(agent.state) if name.startswith("canary")])


def blinded(agent):
    """CANARY_MISSED: programs that somebody took off are missed before anybody looks at their links."""
    if not detach(agent.coverage()["coverage"]["sensor"]["pid"]):
        print("# nothing here can be detached")
        return
    check("what is blind is said", await_that("CANARY_MISSED", lambda: "dns" in missed(agent)))
    status = agent.coverage()
    check("never a wrong healthy", status["state"] == "unhealthy" and status["capabilities"]["dns"]["state"] != "works", status["reasons"])
    check("and nothing else", missed(agent) == {"dns"}, missed(agent))
    check("it is seen again", await_that("seen again", lambda: not missed(agent)))
    check("which is remembered", [i for i in agent.coverage()["recent"] if i["code"] == "CANARY_MISSED"])


def is_kept_from_it(folder):
    """CANARY_NOT_DONE: what cannot be done is not called missed. What no rule looks for is not tried."""
    with lib_agent.Agent("-r", rules_of(folder, FILES % "true"), config=CONFIG % "1s") as agent:
        check("only what rules look for", await_that("seen", lambda: states(agent)["open"] == "seen") and
              [states(agent)[k] for k in ("connect", "dns", "exec")] == ["not tried"] * 3, states(agent))
        check("is no less healthy", await_that("healthy", lambda: agent.coverage()["state"] == "healthy"), agent.coverage()["reasons"])
        path = [os.path.join(agent.state, name) for name in os.listdir(agent.state) if name.startswith("canary-")][0]
        os.chmod(path, 0o400)
        check("what cannot be done is said", await_that("CANARY_NOT_DONE", lambda: "CANARY_NOT_DONE" in [
            i["code"] for i in agent.coverage()["issues"]]))
        check("with the error", "Permission denied" in [i["evidence"].get("error") for i in agent.coverage()["issues"]])
        check("and is not missed", not missed(agent) and agent.coverage()["state"] == "healthy")
        os.chmod(path, 0o600)
        check("until it can", await_that("over", lambda: not agent.coverage()["issues"]))


def is_flooded(folder):
    """CANARY_MISSED: whoever floods the agent's own control group takes its sight, and that is seen."""
    group = os.path.join(lib_agent.group_root(), "noroshi-canary-%d" % os.getpid())
    os.mkdir(group)
    enter = ["sh", "-c", 'echo $$ >%s/cgroup.procs; exec "$@"' % group, "sh"]
    try:
        config = CONFIG % "1s" + "rate_limit: 5\nrate_burst: 5\n"
        with lib_agent.Agent("-r", rules_of(folder, FILES % "true"), config=config, prefix=enter) as agent:
            check("it comes back", await_that("seen", lambda: states(agent)["open"] == "seen"))
            flood = subprocess.Popen([*enter, "sh", "-c", "while :; do : >/tmp/noroshi-canary-flood; done"])
            try:
                check("a flood takes it", await_that("CANARY_MISSED", lambda: "open" in missed(agent)))
                why = [i["evidence"]["records"]["lost"] for i in agent.coverage()["issues"] if i["code"] == "CANARY_MISSED"]
                check("and by what is said", why and why[0]["rate"], why)
            finally:
                flood.kill()
                flood.wait()
            check("until it ends", await_that("over", lambda: not missed(agent)))
    finally:
        await_that("empty control group", lambda: lib_agent.remove_group(group), 10)
        if os.path.exists("/tmp/noroshi-canary-flood"):
            os.unlink("/tmp/noroshi-canary-flood")


def is_turned_off(folder):
    with lib_agent.Agent("-r", rules_of(folder, FILES % "true"), config=CONFIG % "0") as agent:
        check("it can be turned off", canary(agent)["state"] == "off" and canary(agent)["why"], canary(agent))
    with lib_agent.Agent("-r", rules_of(folder, FILES % "false"), config=CONFIG % "1s") as agent:
        check("and is, without rules", await_that("off", lambda: canary(agent)["state"] == "off") and
              canary(agent)["why"] == "no rule looks for any of it", canary(agent))


def main():
    for part in (comes_back, is_kept_from_it, is_flooded, is_turned_off):
        with lib_agent.tempfile.TemporaryDirectory(prefix="noroshi-canary.") as folder:
            part(folder)
    results.end()


main()
