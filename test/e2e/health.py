#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Issues of a live agent: a receiver that is down, rules that are broken; seen by /coverage, status, doctor, the receiver; and over again."""
import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile

import lib_agent
from lib_agent import NOROSHI, Results, await_that

RULES = """- rule: Nothing to find
  desc: d
  condition: evt.type = execve and proc.name = no-such-name-at-all
  output: o
  priority: NOTICE
"""


DNS_RULE = """- rule: Asked for
  desc: d
  condition: evt.type = dns and dns.qname = detached.noroshi.invalid
  output: o
  priority: NOTICE
"""
DNS_QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x08detached\x07noroshi\x07invalid\x00\x00\x01\x00\x01"
BPF_SYSCALL = {"x86_64": 321, "aarch64": 280}[os.uname().machine]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def issues(agent):
    return {i["code"]: i for i in agent.coverage()["issues"]}


def command(*args):
    done = subprocess.run([NOROSHI, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
    return done.returncode, done.stdout


def get(agent, what):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.path.join(agent.state, "control.sock"))
        s.sendall(b"GET /%s HTTP/1.1\r\nHost: noroshi\r\nConnection: close\r\n\r\n" % what.encode())
        return b"".join(iter(lambda: s.recv(65536), b"")).decode()


def healthz(agent, what):
    return int(get(agent, what).split()[1])


def start_receiver(store, port):
    return subprocess.Popen([NOROSHI, "receive", "--listen", "127.0.0.1:%d" % port, "--store", store], stderr=subprocess.DEVNULL)


def write_rules(agent, text):
    with open(agent.rules, "w", encoding="utf-8") as f:
        f.write(text)
    agent.process.send_signal(signal.SIGHUP)


def faults_overlap(results, agent, store, port):
    """One fault mended while another goes on: from the first moment that it is seen to the last it is never healthy."""
    results.add(not await_that("down", lambda: "UPLOAD_CONNECT_FAIL" in issues(agent)), "the receiver is gone again")
    again = issues(agent)["UPLOAD_CONNECT_FAIL"]["count"]
    results.add(again != 2, "for the second time: %d" % again)
    write_rules(agent, RULES.replace("proc.name", "proc.nmae"))
    seen = []

    def both():
        status = agent.coverage()
        seen.append(status["state"])
        return {"UPLOAD_CONNECT_FAIL", "RULES_PARSE_ERROR"} <= {i["code"] for i in status["issues"]}

    results.add(not await_that("both", both), "both faults at once")
    write_rules(agent, RULES)
    results.add(not await_that("one", lambda: not both() and "RULES_PARSE_ERROR" not in issues(agent)), "one is mended")
    for _ in range(100):
        both()
    results.add("healthy" in seen, "never a wrong healthy: %d of %d states" % (seen.count("healthy"), len(seen)))
    receiver = start_receiver(store, port)
    try:
        results.add(not await_that("healthy", lambda: agent.coverage()["state"] == "healthy"), "healthy once both are")
    finally:
        receiver.terminate()
        receiver.wait()


def receiver_is_down(results, agent, store, port):
    """UPLOAD_CONNECT_FAIL: there while nobody listens, over with the first acknowledgement."""
    results.add(not await_that("UPLOAD_CONNECT_FAIL", lambda: "UPLOAD_CONNECT_FAIL" in issues(agent)), "a receiver that is down is an issue")
    one = issues(agent)["UPLOAD_CONNECT_FAIL"]
    results.add(one["evidence"]["status"] != 0 or not one["remedy"] or not one["heals"] or one["capability"] != "upload",
                "with evidence and remedy: %s" % json.dumps(one))
    status = agent.coverage()
    results.add(status["state"] != "degraded" or status["capabilities"]["upload"]["state"] != "less" or
                status["capabilities"]["exec"]["state"] != "works", "only uploads are less")
    results.add(status["reasons"] != [one["text"]], "the reasons are the issues' texts")
    code, said = command("status", "--state", agent.state)
    results.add(code != 1 or "UPLOAD_CONNECT_FAIL, high, since 20" not in said or "remedy: " not in said, "status tells of it, exit 1")
    code, said = command("doctor", "--state", agent.state, "-r", agent.rules)
    results.add(code != 1 or "UPLOAD_CONNECT_FAIL, high, since 20" not in said or "ok         kernel" not in said, "doctor asks the agent, exit 1")
    code, said = command("doctor", "--state", agent.state, "-r", agent.rules, "--json")
    said = json.loads(said)
    results.add(code != 1 or said["agent"]["state"] != "degraded" or not said["complete"] or
                [i["code"] for i in said["issues"]] != ["UPLOAD_CONNECT_FAIL"], "as JSON")
    results.add((healthz(agent, "healthz"), healthz(agent, "readyz")) != (200, 200), "who watches over the process has nothing to do")

    said = get(agent, "metrics").split("\r\n\r\n", 1)[1].split("\n")
    results.add('noroshi_issues_open{code="UPLOAD_CONNECT_FAIL",severity="high"} 1' not in said or "noroshi_healthy 0" not in said or
                'noroshi_capability{capability="upload",state="less"} 1' not in said, "metrics to alarm on")

    receiver = start_receiver(store, port)
    try:
        results.add(not await_that("healthy", lambda: agent.coverage()["state"] == "healthy"), "it is over when the receiver answers")
        recent = agent.coverage()["recent"]
        results.add([r["code"] for r in recent] != ["UPLOAD_CONNECT_FAIL"] or recent[0]["until"] < recent[0]["since"], "and remembered")
        code, said = command("status", "--state", agent.state)
        results.add(code != 0 or "over       UPLOAD_CONNECT_FAIL, from 20" not in said, "status says so, exit 0")
        log = agent.said()
        results.add(log.count("UPLOAD_CONNECT_FAIL: ") != 1 or log.count("UPLOAD_CONNECT_FAIL of upload:") != 1, "the log has its beginning and its end, once")
        rules_are_broken(results, agent, store)
    finally:
        receiver.terminate()
        receiver.wait()


def rules_are_broken(results, agent, store):
    """RULES_PARSE_ERROR: file, line and column of a reload that failed; the receiver hears of it; over when they are mended."""
    write_rules(agent, RULES.replace("proc.name", "proc.nmae"))
    results.add(not await_that("RULES_PARSE_ERROR", lambda: "RULES_PARSE_ERROR" in issues(agent)), "rules that do not load are an issue")
    said = issues(agent)["RULES_PARSE_ERROR"]
    results.add((said["evidence"]["file"], said["evidence"]["line"], said["evidence"]["column"]) != (agent.rules, 3, 36),
                "with their place: %s" % json.dumps(said["evidence"]))
    results.add(agent.coverage()["state"] != "degraded", "degraded")
    results.add(not await_that("a heartbeat of it", lambda: "(RULES_PARSE_ERROR, since 20" in command("findings", "--heartbeats", "--store", store)[1]),
                "the receiver hears of it")
    said = command("findings", "--heartbeats", "--store", store, "--json")[1]
    found = [i for i in json.loads(said.split("\n")[0])["heartbeat"]["issues"] if i["code"] == "RULES_PARSE_ERROR"]
    results.add(len(found) != 1 or found[0]["severity"] != "SEVERITY_HIGH" or json.loads(found[0]["evidence"])["line"] != 3, "with its evidence")
    write_rules(agent, RULES)
    results.add(not await_that("healthy", lambda: agent.coverage()["state"] == "healthy"), "mended, it is over")


def sensor_is_killed(results, folder, rules):
    """ATTACH_LOST: the last that the receiver hears of an agent whose sensor was killed."""
    store, port = os.path.join(folder, "killed.db"), free_port()
    receiver = start_receiver(store, port)
    try:
        with lib_agent.Agent("-r", rules, "--sink", "upload:http://127.0.0.1:%d/v1/findings" % port, config="heartbeat: 1s\n") as agent:
            await_that("a heartbeat", lambda: "heartbeat " in command("findings", "--heartbeats", "--store", store)[1])
            os.kill(agent.coverage()["coverage"]["sensor"]["pid"], signal.SIGKILL)
            results.add(not await_that("the end", lambda: agent.process.poll() is not None), "without its sensor an agent ends")
            results.add(agent.process.returncode == 0, "with an error")
        last = json.loads(command("findings", "--heartbeats", "--store", store, "--json")[1].split("\n")[0])["heartbeat"]
        found = [i for i in last["issues"] if i["code"] == "ATTACH_LOST"]
        results.add(last.get("last") is not True or last["status"] != "STATUS_UNHEALTHY" or len(found) != 1 or
                    "why" not in json.loads(found[0]["evidence"]), "and says so: %s" % json.dumps(last["issues"]))
    finally:
        receiver.terminate()
        receiver.wait()


def detach(pid):
    """The ids of the process's links at control groups, now detached, by bpf(BPF_LINK_GET_FD_BY_ID) and bpf(BPF_LINK_DETACH)."""
    libc, done = ctypes.CDLL(None, use_errno=True), []
    for name in os.listdir("/proc/%d/fdinfo" % pid):
        with open("/proc/%d/fdinfo/%s" % (pid, name), encoding="utf-8") as f:
            said = dict(line.split(":", 1) for line in f.read().split("\n") if ":" in line)
        if said.get("link_type", "").strip() != "cgroup":
            continue
        link = int(said["link_id"])
        fd = libc.syscall(BPF_SYSCALL, 30, struct.pack("IIII", link, 0, 0, 0), 16)
        if fd >= 0 and libc.syscall(BPF_SYSCALL, 34, struct.pack("IIII", fd, 0, 0, 0), 16) == 0:
            done.append(link)
        if fd >= 0:
            os.close(fd)
    return done


def programs_are_detached(results, folder):
    """ATTACH_REPAIRED: programs at the control group's root that root takes off are put back, and DNS is seen again."""
    rules = os.path.join(folder, "dns.yaml")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES + DNS_RULE)
    with lib_agent.Agent("-r", rules) as agent:
        done = detach(agent.coverage()["coverage"]["sensor"]["pid"])
        if not done:
            print("# nothing here can be detached")
            return
        results.add(not await_that("ATTACH_REPAIRED", lambda: "ATTACH_REPAIRED" in issues(agent)), "links that somebody detaches are missed")
        found = issues(agent)["ATTACH_REPAIRED"]["evidence"]["programs"]
        results.add(sum(found.values()) != len(done), "each of them: %s" % found)
        results.add([c for c in agent.coverage()["coverage"]["calls"].values() if c["state"] == "lost"], "nothing is lost")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(DNS_QUERY, ("127.0.0.1", 53))
        results.add(not await_that("the query", lambda: agent.findings("Asked for")), "and DNS is seen again")


def rights_are_missing(results, rules):
    """CAP_MISSING; and where no tracefs is mounted TRACEFS_ABSENT, once for all that it costs."""
    prefix = ("setpriv", "--bounding-set", "-net_admin,-sys_admin")
    with lib_agent.Agent("-r", rules, prefix=prefix) as agent:
        found = agent.coverage()["issues"]
        codes = [i["code"] for i in found if i["effect"] != "noted"]
        missing = [i["evidence"]["missing"] for i in found if i["code"] == "CAP_MISSING"]
        results.add(len(missing) != 1 or "CAP_NET_ADMIN" not in missing[0], "a capability that is missing: %s" % missing)
        mounted = os.path.exists("/sys/kernel/tracing/events") or os.path.exists("/sys/kernel/debug/tracing/events")
        expected = ["CAP_MISSING"] if mounted else ["CAP_MISSING", "TRACEFS_ABSENT", "RULE_FIELD_UNAVAILABLE"]
        results.add(codes != expected, "%s, not %s" % (codes, expected))
        results.add(command("status", "--state", agent.state)[0] != 1, "degraded")


def main():
    results = Results()
    with tempfile.TemporaryDirectory(prefix="noroshi-health.") as folder:
        port, rules = free_port(), os.path.join(folder, "rules.yaml")
        with open(rules, "w", encoding="utf-8") as f:
            f.write(RULES)
        agent = lib_agent.Agent("-r", rules, "--sink", "upload:http://127.0.0.1:%d/v1/findings" % port, config="heartbeat: 1s\n")
        agent.rules = rules
        with agent:
            receiver_is_down(results, agent, os.path.join(folder, "s.db"), port)
            faults_overlap(results, agent, os.path.join(folder, "s.db"), port)
            results.add(agent.stop() != 0, "the agent stops")
        with open(rules, "w", encoding="utf-8") as f:
            f.write(RULES.replace("evt.type = execve", "evt.type in (execve, openat)"))
        rights_are_missing(results, rules)
        programs_are_detached(results, folder)
        sensor_is_killed(results, folder, rules)
    results.end()


if __name__ == "__main__":
    main()
