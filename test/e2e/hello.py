#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What connections begin with: openssl, curl and sockets of this test against a server on loopback; whole, in pieces, cut."""
import fcntl
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import termios
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
TRUNCATED, HEAD = 1 << 2, 4096
RULES = """- rule: Named
  desc: d
  condition: evt.type = tls and tls.sni exists
  output: "%proc.name asked %fd.rip:%fd.rport for %tls.sni (%tls.version, %tls.alpn, %evt.truncated)"
  priority: NOTICE
- rule: Requested
  desc: d
  condition: evt.type = http and http.host != nobody.example
  output: "%proc.name %http.method %http.path of %http.host at %fd.name"
  priority: NOTICE
"""
results = lib_record.Results()


class Sink:
    """Accepts on loopback, reads until the end, answers nothing."""

    def __init__(self, family=socket.AF_INET, address="127.0.0.1"):
        self.listener = socket.socket(family)
        self.listener.bind((address, 0))
        self.listener.listen(64)
        self.address = self.listener.getsockname()[:2]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.drain, args=(peer,), daemon=True).start()

    @staticmethod
    def drain(peer):
        try:
            while peer.recv(65536):
                pass
        except OSError:
            pass
        peer.close()


def client_hello(name, alpn=("h2", "http/1.1")):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.set_alpn_protocols(list(alpn))
    session = context.wrap_bio(incoming, outgoing, server_hostname=name)
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def acknowledged(s):
    """Waits until all that was sent has arrived: then it was in segments of its own."""
    unsent = struct.pack("i", 0)
    lib_agent.await_that("acknowledgement", lambda: not struct.unpack("i", fcntl.ioctl(s, termios.TIOCOUTQ, unsent))[0])


def say(sink, family, pieces, call=None, data=None, truncated=False):
    """Sends the pieces one by one; the truth of it, where an event must come."""
    with socket.socket(family) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.connect(sink.address)
        local, peer = s.getsockname(), s.getpeername()
        for piece in pieces:
            s.sendall(piece)
            acknowledged(s)
        s.shutdown(socket.SHUT_WR)
    whole = b"".join(pieces) if data is None else data
    return call and {"call": call, "pid": os.getpid(), "res": 0, "local_ip": local[0], "local_port": local[1], "peer_ip": peer[0],
                     "peer_port": peer[1], "data": whole[:HEAD].decode("latin-1"), "hdr_flags": TRUNCATED if truncated else 0,
                     "uid": os.getuid(), "tid": threading.get_native_id(), "vpid": os.getpid()}


def truths(four, six):
    tls = client_hello("Plain.Example.Org")
    get = b"GET /index?x=1 HTTP/1.1\r\nHost: Web.Example\r\nAccept: */*\r\n\r\n"
    post = b"POST /up HTTP/1.1\r\nHost: web.example\r\nContent-Length: 4\r\n\r\nbody"
    long = b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: far.example\r\n\r\n"
    v4, v6 = socket.AF_INET, socket.AF_INET6
    yield "a hello", say(four, v4, [tls], "tls")
    yield "a hello over IPv6", say(six, v6, [tls], "tls")
    yield "a hello in two segments", say(four, v4, [tls[:100], tls[100:]], "tls")
    yield "a hello byte by byte at first", say(four, v4, [tls[:1], tls[1:2], tls[2:7], tls[7:]], "tls")
    yield "a hello that ends early", say(four, v4, [tls[:100]], "tls", truncated=True)
    yield "a request", say(four, v4, [get], "http")
    yield "a request in two segments", say(four, v4, [get[:30], get[30:]], "http")
    yield "a request and its body", say(four, v4, [post], "http")
    yield "a request that is too long", say(four, v4, [long], "http")
    yield "a request in more segments than are waited for", say(
        four, v4, [get[i:i + 1] for i in range(20)] + [get[20:]], "http", get[:17], True)
    yield "something else", say(four, v4, [b"SSH-2.0-x\r\n", get])
    yield "nothing", say(four, v4, [])


def by_others(sink):
    """(way of agent/event/ways.def, by what, truth) of the same by a program."""
    port = str(sink.address[1])
    calls = [(None, (call,), None) for call in ("write", "writev", "sendfile")]
    for way, args, env in [("io_uring", ("uring",), None)] + [(c, (), c) for c in lib_record.contexts()] + calls:
        for truth in lib_record.run("hello", port, *args, env={"TRIGGER_AS": env} if env else None):
            yield way, args[0] if args else way, truth


def compared(four, six):
    recorder = lib_record.Recorder(("tls", "http"))
    said, others = list(truths(four, six)), list(by_others(four))
    live = [r for r in recorder.stop() if r["event"] == "hello"]
    pids = {os.getpid()} | {truth["pid"] for _, _, truth in others}
    comparison = lib_record.Comparison([r for r in live if r["pid"] in pids])
    for way, what, truth in others:
        results.add(comparison.take(truth, way), "http: by %s" % what)
    for what, truth in said:
        if truth:
            results.add(comparison.take(truth, "pieces" if "segments" in what else None), "%s: %s" % (truth["call"], what))
    results.add(comparison.left, "nothing else, and nothing twice")
    lib_record.report("hello", comparison.checked)
    results.add(lib_record.uncompared(("hello",), comparison.checked), "every field was compared")
    results.add(lib_record.wrong_ways("hello", comparison.ways), "agent/event/ways.def says so")


def programs(folder):
    """Real clients: what the rules say of them."""
    rules = os.path.join(folder, "rules.yaml")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES)
    key = [os.path.join(folder, n) for n in ("key.pem", "cert.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key[0], "-out", key[1], "-subj", "/CN=x"],
                   check=True, capture_output=True)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:%d" % port, "-key", key[0], "-cert", key[1], "-quiet", "-www"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        lib_agent.await_that("the server", lambda: not socket.socket().connect_ex(("127.0.0.1", port)))
        with lib_agent.Agent("-r", rules, config="fold_window: 0\n") as agent:
            subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-servername", "Secret.Example.COM", "-alpn", "h2"],
                           stdin=subprocess.DEVNULL, capture_output=True, check=False)
            named = "openssl asked 127.0.0.1:%d for secret.example.com (TLS 1.3, (h2), false)" % port
            expect(agent, "Named", lambda o: o == named, "openssl s_client")
            if shutil.which("curl"):
                plain = Sink()
                base = ["curl", "-s", "--max-time", "2", "-o", "/dev/null"]
                subprocess.run(base + ["-k", "--resolve", "tls.example:%d:127.0.0.1" % port, "https://tls.example:%d/" % port], check=False)
                expect(agent, "Named", lambda o: o.startswith("curl asked 127.0.0.1:%d for tls.example (" % port), "curl by https")
                subprocess.run(base + ["-H", "Host: Web.Example:80", "-d", "x", "http://%s:%d/a/b?c" % plain.address], check=False)
                expect(agent, "Requested", lambda o: o.startswith("curl POST /a/b?c of web.example at 127.0.0.1:"), "curl by http")
            results.add(agent.stop(), "the agent ends")
    finally:
        server.kill()
        server.wait()


def expect(agent, rule, holds, what):
    lib_agent.await_that(what, lambda: any(holds(f["output"]) for f in agent.findings(rule)), 30)
    found = [f["output"] for f in agent.findings(rule)]
    results.add(not any(holds(o) for o in found) and (found or "no finding"), what)


compared(Sink(), Sink(socket.AF_INET6, "::1"))
with tempfile.TemporaryDirectory(prefix="noroshi-hello.") as tmp:
    programs(tmp)
with lib_agent.Agent("-r", os.path.join(lib_record.SRC, "rules")) as unasked:
    state = {c: unasked.coverage()["coverage"]["calls"][c]["state"] for c in ("tls", "http")}
    results.add(set(state.values()) != {"not needed"} and state, "default rules attach none of it")
results.end()
