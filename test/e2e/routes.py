#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every call that takes a path, by every way of naming it: the record has the kernel's own path."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
CALLS = ("open", "openat", "openat2", "creat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat",
         "symlink", "symlinkat", "chmod", "fchmodat", "fchmodat2", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat", "chown", "lchown",
         "fchownat", "setxattr", "lsetxattr", "setxattrat", "truncate", "utimensat", "utimes", "execve", "execveat", "chroot", "mount")
SURE = ("open", "openat", "openat2", "creat", "execve", "execveat", "chroot", "mount")   # the kernel has the mount as well
# of agent/event/ways.def, where it has another name
WAYS = {"absolute": "plain", "last-symlink": "symlink", "proc-chain": "proc-root", "proc-cwd": "proc-fd"}


def known(truth):
    """What probes/name.h says cannot be told: by which of two mounts of the root's own file system a name was reached."""
    call, way = truth["route"].split()
    if way != "bind-mount" or call in SURE:
        return None
    return {k: v.replace("/b/", "/d/") if k.endswith("name") else v for k, v in truth.items()}


def take(truth):
    way = truth["route"].split()[1]
    way = WAYS.get(way, way)
    why, other = comparison.take(truth, way), known(truth)
    return comparison.take(other, way) if why and other else why


trigger = os.path.join(lib_record.BUILD, "trigger", "route")
ways = subprocess.run([trigger, "list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
recorder = lib_record.Recorder(CALLS, 'evt.type = openat and fd.nameraw = "x"')
truths = []
for way in ways:
    with tempfile.TemporaryDirectory(prefix="noroshi-route.") as folder:
        truths.append((way, lib_record.run("route", way, os.path.realpath(folder))))
comparison = lib_record.Comparison(recorder.stop())
results = lib_record.Results()
for way, lines in truths:
    # as new as Linux 6.6, and 6.13
    done = [t for t in lines if t["res"] != -38 or t["call"] not in ("fchmodat2", "setxattrat")]
    missed = ["%s: %s" % (t["route"], w) for t in done for w in [take(t)] if w]
    results.add(not done or missed[:2], "%s: %d of %d calls as they were" % (way, len(done) - len(missed), len(done)))
# The only way to set an attribute below a descriptor, setxattrat, is as new as Linux 6.13.
newer = [] if lib_record.RELEASE >= (6, 13) else [("dirfd", "xattr")]
results.add(lib_record.wrong_ways("routes", comparison.ways, without=newer), "agent/event/ways.def says so")
results.end()
