#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The agent whole: default rules over real behaviour, folding, reload, status, privileges, and how it ends."""
import ctypes
import errno
import glob
import json
import os
import platform
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
PYTHON = "/usr/bin/python3"
BOX = "5eed%060x" % os.getpid()
MARK = "noroshi-e2e-%d" % os.getpid()
results = lib_agent.Results()
tmp = tempfile.mkdtemp(prefix="noroshi-acts.")
acts = []       # (rule, pid or None in the look-alike, exe)

LO = """
import fcntl, os, socket, struct, threading
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 1))     # SIOCSIFFLAGS, IFF_UP
"""
MEMFD = """
import os
fd = os.memfd_create("act")
with open("/bin/true", "rb") as f:
    os.write(fd, f.read())
path = "/proc/self/fd/%d" % os.open("/proc/self/fd/%d" % fd, os.O_RDONLY)
os.close(fd)
os.execve(path, ["act"], {})
"""
DUP2 = """
import os, socket
l = socket.create_server(("127.0.0.1", 0))
s = socket.create_connection(l.getsockname())
os.dup2(s.fileno(), 0)
"""
DNS = LO + """
server = socket.socket(type=socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
client = socket.socket(type=socket.SOCK_DGRAM)
client.connect(("127.0.0.1", 53))
name = b"".join(bytes([len(p)]) + p for p in b"xmr.pool.example".split(b".")) + bytes(1)
client.send(struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + name + struct.pack(">2H", 1, 1))
query, who = server.recvfrom(512)
server.sendto(query[:2] + bytes([0x81, 0x83]) + query[4:], who)
client.recv(512)
"""
STRATUM = LO + """
s = socket.socket()
s.connect_ex(("127.0.0.1", 3333))
"""
DOCKER = """
import socket
server, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
server.bind("/tmp/docker.sock")
server.listen()
client.connect("/tmp/docker.sock")
"""


def act(rule, *argv, exe=None, **kwargs):
    """Runs a program of which the rule must tell; exe: what it became, where not what was started."""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    kwargs.setdefault("stdout", subprocess.DEVNULL)
    process = subprocess.Popen(argv, **kwargs)
    if process.wait():
        print("# %s: exit status %d" % (argv[0], process.returncode))
    acts.append((rule, process.pid, exe or os.path.realpath(shutil.which(argv[0]))))


def copied(path):
    shutil.copy("/bin/true", path)
    return path


def writing(path):
    return PYTHON, "-c", "import sys; open(sys.argv[1], 'w').close()", path


def on_the_host():
    act("Shadow file read", "cat", "/etc/shadow")
    path = copied("/dev/shm/" + MARK)
    act("Program run from shared memory", path)
    os.unlink(path)
    act("Fileless execution", PYTHON, "-c", MEMFD, exe="memfd:act")
    act("File below etc written", *writing("/etc/" + MARK))
    os.unlink("/etc/" + MARK)
    made = not os.path.isdir("/etc/cron.d")
    os.makedirs("/etc/cron.d", exist_ok=True)
    act("Cron job written", *writing("/etc/cron.d/" + MARK))
    os.unlink("/etc/cron.d/" + MARK)
    if made:
        os.rmdir("/etc/cron.d")
    os.makedirs(tmp + "/home/.ssh")
    act("SSH keys changed", *writing(tmp + "/home/.ssh/authorized_keys"))
    act("Kernel module tool executed", copied(tmp + "/insmod"), "evil.ko")
    act("Crypto miner executed", copied(tmp + "/xmrig"))
    with open("/var/log/" + MARK, "w", encoding="utf-8"):
        pass
    act("Log removed or emptied", "rm", "/var/log/" + MARK)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as s:
        act("Reverse shell", "/bin/sh", "-c", "exit 0", stdin=s, stdout=s)
    act("Socket became a standard stream", PYTHON, "-c", DUP2)
    act("Miner pool asked for by DNS", "unshare", "--net", PYTHON, "-c", DNS, exe=os.path.realpath(PYTHON))


def in_the_lookalike(box):
    box.run('exec "$@"', PYTHON, "-c", STRATUM)
    box.run('exec "$@"', PYTHON, "-c", DOCKER)
    acts.extend((rule, None, os.path.realpath(PYTHON)) for rule in ("Mining port contacted", "Docker socket contacted"))


def tells(finding, pid, exe):
    """Does the finding tell of this process?"""
    process = finding["process"]
    if pid is None:
        return process.get("nsPid") == 1 and finding.get("container", {}).get("id") == BOX and process.get("exePath") == exe
    return process["pid"] == pid and process.get("exePath") == exe and "container" not in finding


def lineage(finding):
    """The parent is this test, as far as the lineage goes; a container's is further up."""
    return os.getpid() in [p["pid"] for p in finding["process"].get("lineage", [])]


def default_rules(agent):
    on_the_host()
    with lib_agent.Lookalike(BOX) as box:
        in_the_lookalike(box)
        lib_agent.await_that("findings", lambda: {a[0] for a in acts} <= {f["rule"] for f in agent.findings()}, 30)
    for rule, pid, exe in acts:
        found = agent.findings(rule)
        mine = [f for f in found if tells(f, pid, exe)]
        results.add(not mine and [(f["process"], f.get("container")) for f in found][:2] or not found and "no finding", rule)
        results.add(not mine or not lineage(mine[0]) and mine[0]["process"].get("lineage", "no lineage"), "with its lineage")


def own_rule(name, word, priority="NOTICE"):
    return ("- rule: %s\n  desc: d\n  condition: evt.type = execve and proc.cmdline contains %s\n  output: o\n  priority: %s\n" %
            (name, word, priority))


def reload(agent, rules):
    def fires(rule, *argv):
        before = len(agent.findings(rule))
        subprocess.run(argv, check=True)
        return bool(lib_agent.await_that(rule, lambda: len(agent.findings(rule)) > before, 30))

    def rewrite(text):
        with open(rules, "w", encoding="utf-8") as f:
            f.write(text)
        before = len(agent.said())
        agent.process.send_signal(signal.SIGHUP)
        lib_agent.await_that("a word on it", lambda: agent.said()[before:], 30)
        return lambda text: lib_agent.await_that(text, lambda: text in agent.said()[before:], 30)

    results.add(not fires("Own", "/bin/true", MARK + "-old"), "a rule of the user's fires")
    says = rewrite("- rule: Own\n  desc: d\n  condition: evt.typ = execve\n  output: o\n  priority: NOTICE\n")
    results.add(not says("evt.typ"), "a reload with a broken file says why")
    results.add(not fires("Own", "/bin/true", MARK + "-old"), "and the old rules stay")
    # The minor rule comes first: what it would have found is there before what the other finds.
    rewrite(own_rule("Minor", MARK + "-new", "DEBUG") + own_rule("Newer", MARK + "-new"))
    results.add(not lib_agent.await_that("the new rule", lambda: subprocess.run(["/bin/true", MARK + "-new"], check=True) and
                                         agent.findings("Newer"), 30), "a good one comes into force")
    results.add(agent.findings("Minor")[:1], "the configured priority holds after a reload too")


def deaf(agent, rules):
    """A sensor that takes no more requests: rules whose events it will not send must not look as if they were in force."""
    def asked(text):
        with open(rules, "w", encoding="utf-8") as f:
            f.write(text)
        before = len(agent.said())
        agent.process.send_signal(signal.SIGHUP)
        return lib_agent.await_that("an answer", lambda: re.search("reload(ed|  *refused)", agent.said()[before:]), 30)

    sensor = lib_agent.children(agent.process.pid)[0]
    more = own_rule("Newer", MARK + "-new") + own_rule("Accepting", "x").replace("execve", "accept4")
    os.kill(sensor, signal.SIGSTOP)
    try:
        for _ in range(1000):   # as much as the socket holds
            if not asked(more) or "cannot be told" in agent.said():
                break
        results.add("cannot be told" not in agent.said(), "a reload that the sensor cannot be told of is refused")
        asked(own_rule("Never", MARK + "-new") + own_rule("Accepting", "x").replace("execve", "accept4"))
    finally:
        os.kill(sensor, signal.SIGCONT)
    subprocess.run(["/bin/true", MARK + "-new"], check=True)
    lib_agent.await_that("Newer", lambda: agent.findings("Newer"), 30)
    results.add(not agent.findings("Newer") or agent.findings("Never")[:1], "and the rules before it stay in force")


def status(agent):
    def code(*args):
        done = subprocess.run([lib_agent.NOROSHI, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              check=False)
        return done.returncode, done.stdout.decode(errors="replace")

    got, said = code("status", "--state", agent.state)
    results.add(got and said, "status: healthy")
    got, said = code("status", "--state", tmp)
    results.add(got != 3 and (got, said), "status without an agent is 3")
    got, said = code("run", "--state", agent.state, "--sink", "file:" + tmp + "/second.jsonl")
    results.add(not got and said, "a second agent with the same state refuses")
    got, said = code("status", "--state", agent.state)
    results.add(got and said, "and the first goes on")


def proc_status(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def landlocked():
    """Has this kernel Landlock?"""
    return ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1) > 0


def confined(agent, rules):
    """What the agent itself tries to write after its start: a sink's file is made to lead to where root alone may write."""
    def report():
        return json.loads(subprocess.run([lib_agent.NOROSHI, "status", "--json", "--state", agent.state], stdout=subprocess.PIPE,
                                         check=False).stdout)

    planted = "/etc/" + MARK + "-planted"
    status_of = report()["confinement"]
    if not landlocked():
        results.add(status_of.get("landlock") != 0 or "reason" not in status_of, "without Landlock the status says so")
        return
    results.add(status_of.get("landlock", 0) < 1 and status_of, "the status says that Landlock confines the agent")
    os.rename(agent.file, agent.file + ".1")
    os.symlink(planted, agent.file)
    subprocess.run(["/bin/true", MARK + "-old"], check=True)
    error = lib_agent.await_that("refusal", lambda: report()["deliver"]["sinks"][0].get("lastError"), 30)
    results.add("Permission denied" not in (error or "none") and error, "the agent cannot make a file in /etc")
    results.add(os.path.exists(planted), "and there is none")
    os.unlink(agent.file)
    came = lib_agent.await_that("finding after rotation", lambda: agent.findings("Own"), 90)
    results.add(not came, "a file that was moved away is begun anew, and nothing was lost")
    with open(rules + ".new", "w", encoding="utf-8") as f:
        f.write(own_rule("Replaced", MARK + "-replaced"))
    os.rename(rules + ".new", rules)    # as an editor does: another file under the same name
    agent.process.send_signal(signal.SIGHUP)
    lib_agent.await_that("reload", lambda: "reload" in agent.said(), 30)
    subprocess.run(["/bin/true", MARK + "-replaced"], check=True)
    results.add(not lib_agent.await_that("finding", lambda: agent.findings("Replaced"), 30), "a replaced rule file can be read")


DENY_CAPSET = """
import ctypes, os, platform, struct, sys
nr = {"x86_64": 126, "aarch64": 91}[platform.machine()]
code = b"".join(struct.pack("=HBBI", *i) for i in
                ((0x20, 0, 0, 0), (0x15, 0, 1, nr), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)))
text = ctypes.create_string_buffer(code, len(code))
program = struct.pack("HxxxxxxQ", 4, ctypes.addressof(text))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit("no seccomp: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], sys.argv[1:])
"""


def refuses(why, *args, before=()):
    done = subprocess.run([*before, lib_agent.NOROSHI, "run", "--sink", "file:" + tmp + "/refused.jsonl", "-r", rules_file, *args],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False, timeout=120)
    said = done.stdout.decode(errors="replace")
    return (done.returncode != 3 or why not in said or "ready" in said) and (done.returncode, said)


def no_start():
    state = tmp + "/state"
    os.mkdir(state)
    results.add(refuses("cannot give up privileges", "--state", state, before=(PYTHON, "-c", DENY_CAPSET)),
                "no start with capabilities that cannot be given up")
    os.chmod(state, 0o775)
    results.add(refuses("others than its owner can write", "--state", state), "no start in a folder that others write into")
    os.chmod(state, 0o700)
    os.chown(state, 1234, 0)
    results.add(refuses("belongs to user 1234", "--state", state), "no start in somebody else's folder")
    os.chown(state, 0, 0)
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as more:
        busy.bind(state + "/control.sock")
        busy.listen(0)
        first.connect(state + "/control.sock")      # all that the queue takes
        more.setblocking(False)
        results.add(more.connect_ex(state + "/control.sock") != errno.EAGAIN, "a listener that does not answer")
        results.add(refuses("another agent runs here", "--state", state), "is another agent, and no start waits for it")


def early_signals():
    """Signals are heeded from before there is a sensor; a reload that comes too early does not end the agent."""
    agent = lib_agent.Agent("-r", rules_file)
    try:
        lib_agent.await_that("sensor", lambda: agent.process.poll() is not None or lib_agent.children(agent.process.pid))
        caught = int(proc_status(agent.process.pid)["SigCgt"], 16) if agent.process.poll() is None else 0
        missing = [s.name for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if not caught >> (s - 1) & 1]
        results.add(missing, "signals are heeded from the beginning")
        agent.process.send_signal(signal.SIGHUP)
        results.add(agent.stop() or "Traceback" in agent.said(), "and end the agent well, however early they come")
    finally:
        agent.remove()


def privileges(agent):
    own = proc_status(agent.process.pid)
    results.add(int(own["CapEff"], 16) or int(own["CapPrm"], 16), "the agent has no capabilities")
    results.add(own["NoNewPrivs"] != "1", "and cannot get any")
    lib_agent.await_that("the canary's end", lambda: len(lib_agent.children(agent.process.pid)) == 1, 5)
    sensors = lib_agent.children(agent.process.pid)
    results.add(len(sensors) != 1 and sensors, "one sensor")
    results.add(not int(proc_status(sensors[0])["CapEff"], 16), "which keeps what it needs")
    return sensors


def folding(agent):
    program = shutil.copy("/bin/cat", tmp + "/reader")
    for _ in range(50):
        subprocess.run([program, "/etc/shadow"], stdout=subprocess.DEVNULL, check=True)

    def mine():
        return [f for f in agent.revisions("Shadow file read") if f["process"].get("exePath") == program]
    lib_agent.await_that("first revision", mine, 30)
    results.add([f["count"] for f in mine()] not in ([1], [1, 1]) and mine(), "50 repeats are one finding, told at once")
    results.add(agent.stop(), "SIGTERM: exit status 0")
    got = [(f["revision"], f["count"]) for f in mine()]   # a hash that is known late is a revision as well
    results.add(got not in ([(1, 1), (2, 50)], [(1, 1), (2, 1), (3, 50)]) and got, "and at the end how often")
    results.add(len({f["id"] for f in mine()}) != 1, "as the same finding")
    whole = agent.revisions()
    results.add(len({(f["id"], f["revision"]) for f in whole}) != len(whole), "nothing twice")


def programs(pids):
    """Ids of the BPF programs that these processes hold."""
    ids = set()
    for pid in pids:
        for path in glob.glob("/proc/%d/fdinfo/*" % pid):
            try:
                with open(path, encoding="utf-8") as f:
                    ids |= {int(i) for i in re.findall(r"^prog_id:\s+(\d+)", f.read(), re.M)}
            except OSError:
                pass
    return ids


def loaded(prog_id):
    """Is there a program with this id?"""
    number = {"x86_64": 321, "aarch64": 280}[platform.machine()]
    attr = ctypes.create_string_buffer(struct.pack("=III", prog_id, 0, 0), 128)
    fd = ctypes.CDLL(None, use_errno=True).syscall(number, 13, attr, 128)   # BPF_PROG_GET_FD_BY_ID
    if fd >= 0:
        os.close(fd)
        return True
    return ctypes.get_errno() != errno.ENOENT


def killed():
    with lib_agent.Agent() as agent:
        sensors = lib_agent.children(agent.process.pid)
        ids = programs(sensors + [agent.process.pid])
        results.add(not ids or not all(loaded(i) for i in ids), "the sensor holds %d programs" % len(ids))
        agent.process.kill()
        agent.process.wait()
        gone = lib_agent.await_that("sensor's end", lambda: not any(os.path.exists("/proc/%d" % p) for p in sensors), 30)
        results.add(not gone and sensors, "kill -9 of the agent ends the sensor")
        left = not lib_agent.await_that("programs' end", lambda: not any(loaded(i) for i in ids), 30)
        results.add(left and [i for i in ids if loaded(i)], "and nothing stays in the kernel")


rules_file = os.path.join(tmp, "own.yaml")
with open(rules_file, "w", encoding="utf-8") as own_rules:
    own_rules.write(own_rule("Own", MARK + "-old"))
try:
    # The look-alike of a task is nobody's: who is asked would not answer, and that is an issue.
    with lib_agent.Agent("-r", "default", "-r", rules_file, config='attribution:\n  docker: "off"\n  ecs: "off"\n') as first:
        privileges(first)
        default_rules(first)
        status(first)
        folding(first)
    with lib_agent.Agent("-r", "default", "-r", rules_file, config="fold_window: 0\npriority: notice\n") as second:
        reload(second, rules_file)
        results.add(second.stop(), "and it ends well")
    with open(rules_file, "w", encoding="utf-8") as own_rules:
        own_rules.write(own_rule("Own", MARK + "-old"))
    with lib_agent.Agent("-r", rules_file) as third:
        confined(third, rules_file)
        deaf(third, rules_file)
    early_signals()
    no_start()
    killed()
finally:
    shutil.rmtree(tmp, ignore_errors=True)
results.end()
