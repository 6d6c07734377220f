#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""DNS on another port: seen where the configuration names it, with the right process and the right end; else not at all."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
PORT = "5399"
RULES = """- rule: Message
  desc: d
  condition: evt.type = dns and dns.qname endswith noroshi.test
  output: "%proc.pid %dns.egress %dns.qname %fd.sport"
  priority: NOTICE
"""
results = lib_record.Results()


def trigger():
    done = subprocess.run([os.path.join(lib_record.BUILD, "trigger", "dns"), "-n"], stdout=subprocess.PIPE, check=True,
                          env=dict(os.environ, NOROSHI_DNS_PORT=PORT))
    return ["%d %s %s %s" % (t["pid"], "true" if t["egress"] else "false", t["qname"], PORT)
            for t in lib_record.lines(done.stdout) if not t["truncated"]]


with tempfile.TemporaryDirectory(prefix="noroshi-dns.") as tmp:
    rules = os.path.join(tmp, "rules.yaml")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES)
    with lib_agent.Agent("-r", rules, config="fold_window: 0\ndns: {ports: [1, %s]}\n" % PORT) as agent:
        want = sorted(trigger())
        lib_agent.await_that("messages", lambda: len(agent.findings("Message")) >= len(want), 30)
        have = sorted(f["output"] for f in agent.findings("Message"))
        results.add(len(want) < 20 and want, "the trigger did something")
        results.add([m for m in want if m not in have][:3], "every message, with who sent or got it")
        results.add(len(have) != len(want) and (len(have), len(want)), "each once")
        results.add(agent.stop(), "the agent ends")
    with lib_agent.Agent("-r", rules, config="fold_window: 0\n") as agent:
        trigger()
        results.add(agent.stop(), "the agent ends")
        results.add([f["output"] for f in agent.findings("Message")][:3], "not where nobody named the port")
results.end()
