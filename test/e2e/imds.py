#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The host by its metadata service: in findings, rule fields and status; and the reason where the service is turned off and on."""
import http.server
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

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
PATHS = {"/latest/dynamic/instance-identity/document": DOCUMENT, "/latest/meta-data/iam/security-credentials/": b"ecsInstanceRole",
         "/latest/meta-data/tags/instance/": b"Name\nteam", "/latest/meta-data/tags/instance/Name": b"web-1",
         "/latest/meta-data/tags/instance/team": b"app"}
results = lib_agent.Results()


class Imds(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    off = False

    def log_message(self, *args):
        pass

    def reply(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        good = self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"] == "21600"
        self.reply(403 if Imds.off else 200 if good else 400, b"" if Imds.off or not good else b"AQAEA-token==")

    def do_GET(self):
        if Imds.off:
            self.reply(403)
        elif self.headers["X-aws-ec2-metadata-token"] != "AQAEA-token==":
            self.reply(401)
        else:
            self.reply(200 if self.path in PATHS else 404, PATHS.get(self.path, b""))


def mark(agent, n):
    """The finding of one marked program."""
    subprocess.run(["/bin/true", "noroshi-imds-mark-%d" % n], check=True)
    found = lib_agent.await_that("finding %d" % n, lambda: [f for f in agent.findings("Marked exec") if "mark-%d" % n in f["output"]])
    return found[0] if found else {}


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Imds)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d" % server.server_port
    rules = os.path.join(os.environ.get("TMPDIR", "/tmp"), "noroshi-imds-%d.yaml" % os.getpid())
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES.replace("%%", "%"))
    try:
        asked(url, rules)
        turned_off(url, rules)
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


def turned_off(url, rules):
    """It is an issue, findings do without, and both end when the service is turned on, without a restart."""
    Imds.off = True
    with lib_agent.Agent("-r", rules, config="fold_window: 0\nimds: %s\nhost.account: \"999988887777\"\n" % url) as agent:
        def issue():
            return [i for i in agent.coverage()["issues"] if i["code"] == "IMDS_UNREACHABLE"]
        found = lib_agent.await_that("the issue", issue)
        results.add(not found or found[0]["evidence"]["status"] != 403 or not found[0]["since"], "an issue with evidence: %s" % found)
        host = mark(agent, 2).get("host", {})
        results.add(host.get("account") != "999988887777" or "region" in host, "the configuration's word alone: %s" % host)
        Imds.off = False
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
