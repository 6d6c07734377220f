#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the kernel side refuses makes no finding less: the same program under the same rules, with refusal and without."""
import collections
import json
import os
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
results = lib_agent.Results()
MARK = "noroshi-refuse-%d" % os.getpid()
BOX = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"

# name: condition, and what of the event the finding shows
RULES = {
    "socket becomes a stream": ("evt.type in (dup, dup2, dup3) and evt.rawres in (0, 1, 2) and fd.typechar in (4, 6)", "%evt.rawres %fd.typechar"),
    "other duplicates": ("evt.type in (dup2, dup3) and evt.rawres > 2 and fd.typechar in (f, p, d, u)", "%evt.rawres %fd.typechar"),
    "unix in a container": ("evt.type = connect and container.id != host and fd.typechar = u", "%fd.name %evt.res"),
    "tcp to the loopback": ("evt.type = connect and fd.l4proto = tcp and fd.snet in (127.0.0.0/8, ::1/128)", "%fd.sip %fd.sport %evt.res"),
    "udp elsewhere": ("evt.type = connect and fd.l4proto = udp and not fd.snet in (127.0.0.0/8)", "%fd.sip %evt.res"),
    "address": ("evt.type = connect and fd.rip in (10.255.255.1, 192.0.2.1)", "%fd.rip %evt.res"),
    "listens": ("evt.type in (bind, listen, accept4, accept) and fd.lip != 127.0.0.1 or evt.type in (accept, accept4) and fd.typechar = u", "%fd.lip"),
    "set-user-id": ("evt.type in (chmod, fchmod, fchmodat) and evt.arg.mode contains S_ISUID and evt.res = SUCCESS", "%evt.arg.mode"),
    "nobody may run it": ("evt.type in (chmod, fchmodat) and not evt.arg.mode contains S_IXUSR", "%evt.arg.mode %evt.res"),
    "anonymous code": ("evt.type in (mprotect, mmap) and evt.arg.region = anon and evt.arg.prot contains PROT_WRITE", "%evt.arg.prot %evt.arg.length"),
    "own name": ("evt.type = prctl and evt.arg.option in (PR_SET_NAME, PR_SET_NO_NEW_PRIVS)", "%evt.arg.option"),
    "attaches": ("evt.type = ptrace and evt.arg.request in (PTRACE_ATTACH, PTRACE_SEIZE)", "%evt.arg.request %evt.res"),
    "signals": ("evt.type in (kill, tgkill) and evt.arg.sig in (SIGUSR1, SIGWINCH)", "%evt.arg.sig %evt.res"),
    "keys": ("evt.type = keyctl and evt.arg.operation = KEYCTL_GET_KEYRING_ID", "%evt.res"),
    "odd sockets": ("evt.type = socket and (evt.arg.domain = AF_NETLINK or evt.rawarg.type = 3)", "%evt.rawarg.domain %evt.res"),
    "failed as another": ("evt.type in (chroot, setuid) and evt.failed = true and user.uid != 0", "%evt.type %evt.res"),
    "root changes": ("evt.type in (setresuid, chroot) and user.uid = 0", "%evt.type %evt.res"),
    "namespaces": ("evt.type in (unshare, setns) and container.id != host", "%evt.type %evt.res"),
    "stores": ("evt.type in (mmap, mprotect) and evt.arg.prot contains PROT_WRITE and evt.arg.region = file", "%evt.type %evt.arg.prot"),
    "no such program": ("evt.type in (execve, execveat) and evt.failed = true", "%evt.type %evt.res"),
    "names": ("evt.type in (rename, renameat, unlink, unlinkat, rmdir, link, linkat) and (fs.path.name endswith /wanted or fs.path.source startswith "
              "/tmp/noroshi-refuse-in/ or fs.path.target contains /.nrpart/)", "%evt.type %evt.path"),
    "failed names": ("evt.type in (rename, renameat, renameat2, unlink, unlinkat) and evt.res = ENOENT", "%evt.type"),
    "written inside": ("evt.type in (open, openat) and evt.is_open_write = true and container.id != host and fd.name endswith /noroshi-inside", "%fd.name"),
    "written outside": ("evt.type in (open, openat) and evt.is_open_write = true and container.id = host and fd.name endswith /noroshi-inside", "%fd.name"),
}

TRIGGER = r'''
import ctypes, os, signal, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
folder, keyctl = sys.argv[2], {"x86_64": 250, "aarch64": 219}[os.uname().machine]
def tried(fn, *args):
    try:
        return fn(*args)
    except OSError:
        return None
def held(fd):
    """The same number in every run, beyond those that something else may have opened."""
    return os.dup2(fd, 100)
for family, kind in ((socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET6, socket.SOCK_DGRAM), (socket.AF_UNIX, socket.SOCK_STREAM)):
    s = socket.socket(family, kind)
    keep = os.dup(0)
    os.dup2(s.fileno(), 0)
    os.dup2(s.fileno(), 101)
    os.dup2(keep, 0)
    os.close(keep)
    s.close()
file = os.open(folder + "/noroshi-file", os.O_RDWR | os.O_CREAT, 0o600)
for end in os.pipe() + (file, os.open(folder, os.O_RDONLY)):
    held(end)
for mode in (0o4755, 0o755, 0o644, 0o2711, 0o4600, 0o777):
    os.chmod(folder + "/noroshi-file", mode)
    os.fchmod(file, mode)
tried(os.chmod, folder + "/none", 0o600)
for address in (("127.0.0.1", 9), ("127.1.2.3", 10), ("10.255.255.1", 9), ("192.0.2.1", 9), ("224.0.0.1", 9)):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        if kind == socket.SOCK_STREAM and not address[0].startswith("127."):
            continue
        s = socket.socket(socket.AF_INET, kind)
        tried(s.connect, address)
        s.close()
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
tried(six.connect, ("::ffff:10.255.255.1", 9))
server = socket.socket(socket.AF_UNIX)
server.bind(folder + "/noroshi-socket")
server.listen(4)
for name in ("/noroshi-socket", "/none"):
    client = socket.socket(socket.AF_UNIX)
    tried(client.connect, folder + name)
server.accept()
own = socket.socket(socket.AF_INET)
tried(own.bind, ("0.0.0.0", 0))
own.listen(1)
for prot in (5, 7):
    libc.mmap(None, 4096, prot, 0x22, -1, 0)
    at = libc.mmap(None, 8192, 3, 0x22, -1, 0)
    libc.mprotect(at, 8192, prot)
for prot in (1, 2, 3, 7):
    for flags in (1, 2):
        libc.mprotect(libc.mmap(None, 4096, prot, flags, file, 0), 4096, 3)
libc.prctl(15, b"python3", 0, 0, 0)
libc.prctl(16, ctypes.create_string_buffer(16), 0, 0, 0)
libc.prctl(38, 0, 0, 0, 0)
for request in (16, 0x4206, 1, 7, 0x4204, 24):
    libc.ptrace(request, 0x3ffffff0, 0, 0)
for number in (signal.SIGWINCH, 0, signal.SIGCHLD, signal.SIGURG):
    os.kill(os.getpid(), number)
tried(os.kill, 0x3ffffff0, signal.SIGUSR1)
for operation in (0, 1, 6):
    libc.syscall(keyctl, operation, -3, 0, 0, 0)
for domain, kind in ((16, 3), (2, 3), (17, 3), (1, 1), (10, 2), (99, 1)):
    fd = libc.socket(domain, kind, 0)
    if fd >= 0:
        os.close(fd)
for name in ("/none", "/noroshi-file/none"):
    tried(os.execv, folder + name, ["x"])
    tried(os.rename, folder + name, folder + "/other")
    tried(os.unlink, folder + name)
os.rename(folder + "/noroshi-file", folder + "/other")
os.rename(folder + "/other", folder + "/noroshi-file")
inside = folder + "-in"
os.makedirs(inside + "/deep")
os.makedirs(folder + "/d/.nrpart")
steps = ["/a", "/b", "/wanted", "-in/x", "-in/deep/y", "/d/.nrpart/z", "/q", "/last"]
os.close(os.open(folder + "/a", os.O_WRONLY | os.O_CREAT, 0o600))
here = os.open(inside, os.O_RDONLY)
for old, new in zip(steps, steps[1:]):
    os.rename(folder + old, folder + new)
    os.link(folder + new, folder + "/hard-" + os.path.basename(new))
    os.unlink(folder + "/hard-" + os.path.basename(new))
    os.link(folder + new, "../wanted-not", dst_dir_fd=here)
    os.link(folder + new, "linked", dst_dir_fd=here)
    os.unlink("linked", dir_fd=here)
    os.unlink("../wanted-not", dir_fd=here)
os.close(here)
os.unlink(folder + "/last")
os.mkdir(folder + "/wanted")
for name in (folder + "/wanted", inside + "/deep", inside, folder + "/d/.nrpart", folder + "/d"):
    os.rmdir(name)
os.close(os.open(folder + "/noroshi-inside", os.O_WRONLY | os.O_CREAT, 0o600))
for what in (0x20000, 0x40000000, 0x7f):
    libc.unshare(what)
libc.setns(file, 0)
for name in ("noroshi-file", "noroshi-socket", "noroshi-inside"):
    os.unlink(folder + "/" + name)
tried(os.chroot, folder + "/none")
os.chroot(folder)
os.setresuid(1000, 1000, 1000)
tried(os.chroot, "/")
tried(os.setuid, 0)
os._exit(0)
'''


def rules():
    text = ""
    for name, (condition, output) in RULES.items():
        text += "- rule: %s\n  desc: d\n  condition: (%s) and proc.cmdline contains %s\n  output: \"%s\"\n  priority: NOTICE\n" % (
            name, condition, MARK, output)
    return text


def trigger(box):
    """On the host and in the container; a folder of the same name in both."""
    folder = "/tmp/noroshi-refuse"
    os.makedirs(folder)
    code = subprocess.run(["python3", "-c", TRIGGER, MARK, folder], stdin=subprocess.DEVNULL, check=False).returncode
    os.rmdir(folder)
    inside = box.run("mkdir -p %s && exec python3 -c %s %s %s" % (folder, shlex.quote(TRIGGER), MARK, folder))
    results.add(code or inside, "the program ran on the host and in the container")


def last(agent):
    """The last event of the trigger's two runs."""
    return len([f for f in agent.findings("failed as another") if f["output"].startswith("setuid")]) == 2


def run(refuse, rule_file, box):
    config = "fold_window: 0\nrate_limit: 0\nsensor:\n  refuse: \"%s\"\n" % refuse
    with lib_agent.Agent("-r", rule_file, config=config) as agent:
        trigger(box)
        lib_agent.await_that("the last event", lambda: last(agent))
        events = agent.coverage()["coverage"]["events"]
        results.add(agent.stop(), "refuse %s: stopped" % refuse)
        found = collections.Counter((f["rule"], f["output"], f.get("container", {}).get("id", "host")) for f in agent.findings())
    results.add([e for e, n in events.items() if any(n["lost"].values())], "refuse %s: nothing lost" % refuse)
    return found, events


rule_file = os.path.join("/tmp", MARK + ".yaml")
with open(rule_file, "w", encoding="utf-8") as f:
    f.write(rules())
try:
    with lib_agent.Lookalike(BOX) as container:
        off, off_events = run("off", rule_file, container)
        on, on_events = run("on", rule_file, container)
finally:
    os.unlink(rule_file)
results.add({k: (off[k], on[k]) for k in (off - on) + (on - off)}, "%d findings, the same with refusal and without" % sum(off.values()))
results.add([r for r in RULES if not any(k[0] == r for k in off)], "by every rule")
for event in ("dup", "connect", "chmod", "memory", "prctl", "tamper", "signal", "socket", "rename", "unlink", "link", "keyctl"):
    results.add(off_events[event]["refused"] and "%d without" % off_events[event]["refused"], "%s: nothing is refused without" % event)
    results.add(not on_events[event]["refused"], "%s: %d refused with it" % (event, on_events[event]["refused"]))
print("# sent: " + json.dumps({e: [off_events[e]["seen"], on_events[e]["seen"]] for e in on_events if off_events[e]["seen"]}))
results.end()
