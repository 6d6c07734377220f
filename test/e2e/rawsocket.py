#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The default rule for raw and packet sockets: fires in a container, and no other kind of socket leaves the kernel for it."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
RULE = "Raw or packet socket opened in a container"
CONTAINER = "50c4%060x" % os.getpid()
TRIGGER = os.path.join(lib_agent.BUILD, "trigger", "net")
results = lib_agent.Results()


def sockets(agent):
    return agent.coverage()["coverage"]["events"]["socket"]


with lib_agent.Agent("-r", os.path.join(lib_agent.SRC, "rules"), config="fold_window: 0\n") as agent:
    before = sockets(agent)
    subprocess.run([TRIGGER, "tcp4", "unix_stream", "udp6", "pairs"], stdout=subprocess.DEVNULL, check=True)
    after = sockets(agent)
    refused = after["refused"] - before["refused"]
    results.add(refused < 5 and refused + 1, "streams and datagrams stay in the kernel")
    with lib_agent.Lookalike(CONTAINER) as box:
        results.add(box.run("exec " + TRIGGER + " families >/dev/null"), "the trigger ran in a container")
        # AF_PACKET twice, AF_INET twice, AF_INET6 once, all of them raw or packet
        lib_agent.await_that("five findings", lambda: len(agent.findings(RULE)) >= 5)
    found = agent.findings(RULE)
    outputs = [f["output"] for f in found]
    results.add(len(found) != 5 and (outputs or "none"), "one finding for each of five sockets")
    results.add(sorted(o.split("(")[1].split(",")[0] for o in outputs) !=
                ["AF_INET", "AF_INET", "AF_INET6", "AF_PACKET", "AF_PACKET"] and (outputs or "none"), "the family stands in the text")
    results.add([f for f in found if f["process"]["name"] != "net" or f["type"] != "CredentialAccess:Runtime/RawSocketOpened"],
                "who it was, and its type")
    subprocess.run([TRIGGER, "families"], stdout=subprocess.DEVNULL, check=True)
    results.add(agent.stop(), "the agent ends")
    results.add(len(agent.findings(RULE)) != 5, "not on the host")
results.end()
