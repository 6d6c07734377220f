#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The host by its metadata service: in findings, rule fields and status; and the reason where the service is turned off and on."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_imds  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
RULES = """
- rule: Marked exec
  desc: a marked program on this instance
  condition: evt.type = execve and proc.cmdline contains noroshi-imds-mark
  output: "%%proc.cmdline on %%aws.instance.id of %%aws.account in %%aws.region (%%aws.zone, %%aws.instance.type, %%aws.ami)"
  priority: WARNING
"""
DOCUMENT = (b'{"accountId":"111122223333","architecture":"arm64","availabilityZone":"ap-northeast-1a","billingProducts":null,'
            b'"imageId":"ami-0123456789abcdef0","instanceId":"i-0abc1234def567890","instanceType":"m7g.large","kernelId":null,'
            b'"pendingTime":"2026-11-22T08:00:00Z","privateIp":"10.0.1.10","region":"ap-northeast-1","version":"2017-09-30"}')
results = lib_agent.Results()


def mark(agent, n):
    """The finding of one marked program."""
    subprocess.run(["/bin/true", "noroshi-imds-mark-%d" % n], check=True)
    found = lib_agent.await_that("finding %d" % n, lambda: [f for f in agent.findings("Marked exec") if "mark-%d" % n in f["output"]])
    return found[0] if found else {}


def main():
    rules = os.path.join(os.environ.get("TMPDIR", "/tmp"), "noroshi-imds-%d.yaml" % os.getpid())
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES.replace("%%", "%"))
    try:
        with lib_imds.Imds(DOCUMENT, b"ecsInstanceRole", Name="web-1", team="app") as imds:
            asked(imds.url, rules)
            turned_off(imds, rules)
        not_asked(rules)
    finally:
        os.unlink(rules)
    results.end()


def asked(url, rules):
    with lib_agent.Agent("-r", rules, config="fold_window: 0\nimds: %s\nhost: {org_path: o-abc/r-xyz/ou-123}\n" % url) as agent:
        host = lib_agent.await_that("tags", lambda: (lambda h: h if "tags" in h else None)(agent.coverage()["host"])) or {}
        results.add(host.get("tags") != {"Name": "web-1", "team": "app"} or host.get("imds", {}).get("state") != "answers" or
                    host["imds"].get("role") != "ecsInstanceRole" or host["imds"]["faults"], "status: %s" % host)
        found = mark(agent, 1)
        want = {"account": "111122223333", "region": "ap-northeast-1", "zone": "ap-northeast-1a", "instanceId": "i-0abc1234def567890",
                "instanceType": "m7g.large", "ami": "ami-0123456789abcdef0", "orgPath": "o-abc/r-xyz/ou-123"}
        have = found.get("host", {})
        results.add({k: have.get(k) for k in want} != want, "a finding names the host: %s" % have)
        results.add("on i-0abc1234def567890 of 111122223333 in ap-northeast-1 (ap-northeast-1a, m7g.large, ami-0123456789abcdef0)"
                    not in found.get("output", ""), "fields of rules: %s" % found.get("output"))
        results.add("AQAEA" in agent.said() or "AQAEA" in str(agent.coverage()), "the token is told nowhere")
        status = agent.stop()
        results.add(status != 0, "the agent ends well: %s; %s" % (status, agent.said()[-600:].replace("\n", "; ") if status else ""))


def turned_off(imds, rules):
    """It is an issue, findings do without, and both end when the service is turned on, without a restart."""
    imds.off = True
    with lib_agent.Agent("-r", rules, config="fold_window: 0\nimds: %s\nhost.account: \"999988887777\"\n" % imds.url) as agent:
        def issue():
            return [i for i in agent.coverage()["issues"] if i["code"] == "IMDS_UNREACHABLE"]
        found = lib_agent.await_that("the issue", issue)
        results.add(not found or found[0]["evidence"]["status"] != 403 or not found[0]["since"], "an issue with evidence: %s" % found)
        host = mark(agent, 2).get("host", {})
        results.add(host.get("account") != "999988887777" or "region" in host, "the configuration's word alone: %s" % host)
        imds.off = False
        results.add(not lib_agent.await_that("the end of the issue", lambda: not issue()), "it ends by itself")
        lib_agent.await_that("facts", lambda: "region" in agent.coverage()["host"])
        host = mark(agent, 3).get("host", {})
        results.add(host.get("account") != "999988887777" or host.get("region") != "ap-northeast-1", "and goes before the service's: %s" % host)
        status = agent.stop()
        results.add(status != 0, "the agent ends well: %s; %s" % (status, agent.said()[-600:].replace("\n", "; ") if status else ""))


def not_asked(rules):
    with lib_agent.Agent("-r", rules, config="fold_window: 0\nimds: \"off\"\n") as agent:
        host = agent.coverage()["host"]
        results.add(host != {"imds": {"state": "not asked", "faults": [], "reason": "imds is off"}}, "off: %s" % host)
        results.add("region" in mark(agent, 4).get("host", {}), "and nothing is known")
        status = agent.stop()
        results.add(status != 0, "the agent ends well: %s; %s" % (status, agent.said()[-600:].replace("\n", "; ") if status else ""))


if __name__ == "__main__":
    main()
