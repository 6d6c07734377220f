# SPDX-License-Identifier: Apache-2.0
"""A Docker Engine of the test's own: Debian's, unpacked to a folder and started there, without network and without a trace."""
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

import lib_agent

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "noroshi-docker")


def engine():
    """The folder of its programs; skips the test where they are not to be had."""
    root = os.path.join(CACHE, "root")
    if not os.path.exists(os.path.join(CACHE, "ready")):
        shutil.rmtree(CACHE, ignore_errors=True)
        os.makedirs(CACHE)
        done = subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", "docker.io", "containerd"], cwd=CACHE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            lib_agent.skip("no Docker Engine to be had: " + done.stderr.decode().strip().replace("\n", "; ")[-200:])
        for package in glob.glob(os.path.join(CACHE, "*.deb")):
            subprocess.run(["dpkg-deb", "-x", package, root], check=True)
            os.unlink(package)
        open(os.path.join(CACHE, "ready"), "w", encoding="utf-8").close()
    return root


def tree(programs, files):
    """A tar of a root with these programs, what they are linked with, and files {path: text}."""
    folder = tempfile.mkdtemp(prefix="noroshi-image.")
    try:
        for program in programs:
            libs = subprocess.run(["ldd", program], stdout=subprocess.PIPE, check=True).stdout.decode().split()
            for path in [program] + [w for w in libs if w.startswith("/")]:
                to = folder + os.path.join("/bin", os.path.basename(path)) if path == program else folder + path
                os.makedirs(os.path.dirname(to), exist_ok=True)
                shutil.copy(os.path.realpath(path), to)
        for path, text in files.items():
            os.makedirs(os.path.dirname(folder + path), exist_ok=True)
            with open(folder + path, "w", encoding="utf-8") as f:
                f.write(text)
        return subprocess.run(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE, check=True).stdout
    finally:
        shutil.rmtree(folder)


class Docker:
    """An engine; its socket is there from start() on."""

    def __init__(self):
        self.programs = engine()
        self.dir = tempfile.mkdtemp(prefix="noroshi-docker.")
        self.socket = os.path.join(self.dir, "docker.sock")
        path = ":".join(os.path.join(self.programs, d) for d in ("usr/bin", "usr/sbin"))
        self.env = dict(os.environ, PATH=path + ":" + os.environ["PATH"], DOCKER_HOST="unix://" + self.socket)
        self.daemon = None

    def start(self):
        with open(os.path.join(self.dir, "log"), "a", encoding="utf-8") as log:
            self.daemon = subprocess.Popen(
                ["dockerd", "-H", "unix://" + self.socket, "--data-root", os.path.join(self.dir, "data"),
                 "--exec-root", os.path.join(self.dir, "exec"), "--pidfile", os.path.join(self.dir, "pid"), "--bridge=none",
                 "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--userland-proxy=false"],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not lib_agent.await_that("Docker", lambda: self.docker("version", quiet=True).returncode == 0 or self.daemon.poll() is not None, 60) \
                or self.daemon.poll() is not None:
            said = self.said()
            self.remove()
            lib_agent.skip("Docker does not run here: " + said[-1])

    def said(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8", errors="replace") as f:
            return f.read().strip().split("\n")

    def docker(self, *args, data=None, quiet=False):
        return subprocess.run(["docker", *args], env=self.env, input=data, stdin=None if data else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if quiet else None, check=False)

    def image(self, name, programs, files):
        if self.docker("import", "-", name, data=tree(programs, files), quiet=True).returncode:
            raise RuntimeError("docker import failed")

    def stop(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
            try:
                self.daemon.wait(30)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        self.daemon = None

    def remove(self):
        if self.daemon and self.daemon.poll() is None:
            left = self.docker("ps", "-aq", quiet=True).stdout.decode().split()
            if left:
                self.docker("rm", "-f", *left, quiet=True)
        self.stop()
        with open("/proc/self/mounts", encoding="utf-8") as f:
            mounts = [line.split()[1] for line in f]
        for mount in sorted((m for m in mounts if m.startswith(self.dir + "/")), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False)
        time.sleep(0.1)
        shutil.rmtree(self.dir, ignore_errors=True)
        for root in glob.glob("/sys/fs/cgroup/*/docker") + ["/sys/fs/cgroup/docker"] + \
                [p for own in ("ecs/%08x*" % os.getpid(), "ecs") for top in ("/sys/fs/cgroup/", "/sys/fs/cgroup/*/") for p in glob.glob(top + own)]:
            if os.path.isdir(root):
                lib_agent.remove_group(root)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()
