#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Calls of all kinds by 32-bit entries, where the kernel has them: the same events as of 64-bit ones, with the mark."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
CALLS = ("mkdir", "mkdirat", "rmdir", "mknod", "link", "symlink", "truncate", "ftruncate", "fallocate", "chown", "lchown", "setxattr",
         "utimes", "utimensat", "write", "pwrite", "sendfile", "dup", "dup2", "dup3", "fcntl", "mmap", "mprotect", "mount", "umount2",
         "fsopen", "prctl", "personality", "keyctl", "chroot", "unshare", "setns", "setgroups", "setresuid", "setreuid", "setuid",
         "ptrace", "process_vm_readv", "kill", "tgkill", "bpf", "sethostname", "delete_module", "settimeofday", "clock_settime",
         "memfd_create", "pidfd_open", "socketpair", "bind", "listen", "accept4", "sendto", "recvfrom", "sendmsg", "recvmsg",
         "sendmmsg", "recvmmsg")
lib_record.FLAGS["compat"] = lib_record.COMPAT
with tempfile.TemporaryDirectory(prefix="noroshi-ia32.") as folder:
    if subprocess.run([os.path.join(lib_record.BUILD, "trigger", "ia32_calls"), folder], stdout=subprocess.DEVNULL,
                      check=False).returncode == 77:
        lib_record.skip("no 32-bit entries here")

recorder = lib_record.Recorder(CALLS, "evt.type = openat and evt.compat = true")
with tempfile.TemporaryDirectory(prefix="noroshi-ia32.") as folder:
    truths = lib_record.run("ia32_calls", os.path.realpath(folder))
comparison = lib_record.Comparison(recorder.stop())
results = lib_record.Results()
results.add({t["call"] for t in truths} ^ set(CALLS), "the trigger says something of every call")
for truth in truths:
    results.add(comparison.take(truth), "%s = %s" % (truth["call"], truth["res"]))
extra = [(r["call"], r["res"]) for r in comparison.unexpected(truths) if r["compat"] and r["call"] != "socket"]
results.add(extra, "nothing is told twice")
results.add(lib_record.wrong_ways("ia32_calls", comparison.ways), "agent/event/ways.def says so")
results.end()
