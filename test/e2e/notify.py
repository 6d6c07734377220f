#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The service manager's protocol: READY when events flow, WATCHDOG while the loop turns, STOPPING before the end."""
import os, signal, socket, subprocess, sys, tempfile

if os.geteuid():
    print("skip: watching the kernel needs root")
    sys.exit(77)

with tempfile.TemporaryDirectory(prefix="noroshi-notify-") as tmp:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(tmp + "/notify")
    s.settimeout(60)
    env = dict(os.environ, NOTIFY_SOCKET=tmp + "/notify", WATCHDOG_USEC="1000000")
    env.pop("WATCHDOG_PID", None)
    agent = subprocess.Popen([os.environ["NOROSHI"], "run", "--state", tmp, "--sink", f"file:{tmp}/findings"],
                             env=env, stderr=subprocess.PIPE, text=True)
    seen = []
    try:
        while len([m for m in seen if m == "WATCHDOG=1"]) < 3:
            seen += s.recv(4096).decode().splitlines()
        assert seen[0] == "READY=1", seen
        agent.send_signal(signal.SIGTERM)
        while seen[-1] != "STOPPING=1":
            seen += s.recv(4096).decode().splitlines()
    except socket.timeout:
        agent.kill()
        err = agent.communicate()[1]
        if "cannot watch this kernel" in err:
            print("skip: " + err.strip().splitlines()[-1])
            sys.exit(77)
        sys.exit(f"no answer in time after {seen}; the agent said: {err}")
    assert agent.wait(60) == 0, agent.returncode
    print("ok:", " ".join(dict.fromkeys(seen)))
