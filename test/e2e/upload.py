#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Uploads against receivers that misbehave: every finding arrives, once after deduplication."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
BUILD, SRC, NOROSHI = (os.environ[name] for name in ("BUILD", "SRC", "NOROSHI"))
SENDER = os.path.join(BUILD, "bench", "upload")


def skip(why):
    print("1..0 # SKIP " + why)
    sys.exit(77)


if not os.path.exists(SENDER):
    skip("bench/upload is not built")
if not shutil.which("protoc") or not shutil.which("openssl"):
    skip("protoc and openssl are needed")
try:
    import google.protobuf  # noqa: F401
except ImportError:
    skip("python3-protobuf is needed")
import lib_badserver  # noqa: E402
from lib_badserver import BadServer, unpack  # noqa: E402

TMP = tempfile.mkdtemp(prefix="noroshi-upload.")
SCHEMA = lib_badserver.load_schema(SRC, TMP)
FAST = ["backoff_min=1", "backoff_max=20", "timeout=2000", "batch=50"]


CHILDREN = []


def start(args, **kwargs):
    p = subprocess.Popen(args, text=True, **kwargs)
    CHILDREN.append(p)
    return p


def end_children():
    for p in CHILDREN:
        if p.poll() is None:
            p.kill()
            p.wait()
    CHILDREN.clear()


class Receiver:
    """A `noroshi receive` of our own, by its pid."""

    def __init__(self, store, *args, listen="127.0.0.1:0"):
        self.store = store
        self.process = start([NOROSHI, "receive", "--listen", listen, "--store", store, *args],
                             stderr=subprocess.PIPE)
        self.lines = []
        for line in self.process.stderr:
            self.lines.append(line)
            if "ready on " in line:
                self.url = line.split("ready on ")[1].split(",")[0]
                self.listen = self.url.split("/")[2]
                return
        raise AssertionError("no receiver: " + "".join(self.lines))

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.lines.append(self.process.stderr.read())
        self.process.stderr.close()
        return self.process.wait()


def send(url, count, *options, wait=True):
    p = start([SENDER, url, str(count), *options], stdout=subprocess.PIPE)
    return result(p) if wait else p


def result(p):
    out = p.communicate(timeout=120)[0]
    r = json.loads(out)
    r["error"] = r["status"]["sinks"][0].get("lastError", "")
    r["retries"] = r["status"]["sinks"][0]["retries"]
    r["rc"] = p.returncode
    return r


def noroshi(*args):
    p = subprocess.run([NOROSHI, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    return p.returncode, p.stdout, p.stderr


def stored(store):
    rc, out, err = noroshi("findings", "--store", store, "--json")
    assert rc == 0, err
    return [json.loads(line) for line in out.splitlines()]


def wait_for(condition):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited in vain")


def check_all(seen, count):
    assert sorted(seen) == list(range(1, count + 1)), "%d of %d arrived" % (len(set(seen)), count)


def openssl(*args, **kwargs):
    subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kwargs)


def path(name):
    return os.path.join(TMP, name)


def make_ca(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-keyout", path(name + ".key"), "-out", path(name + ".pem"), "-subj", "/CN=test CA " + name)


def make_cert(name, ca, san, days="30"):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path(name + ".key"),
            "-out", path(name + ".csr"), "-subj", "/CN=" + name)
    with open(path(name + ".ext"), "w", encoding="ascii") as f:
        f.write("subjectAltName=" + san + "\n")
    openssl("x509", "-req", "-in", path(name + ".csr"), "-CA", path(ca + ".pem"), "-CAkey", path(ca + ".key"),
            "-CAcreateserial", "-days", days, "-extfile", path(name + ".ext"), "-out", path(name + ".pem"))


def pair(name):
    return path(name + ".pem"), path(name + ".key")


# The tests. Each stands alone.

def test_every_misbehaviour():
    kinds = ["error", "busy", "busy_until", "close", "close_after_storing", "reset_in_body", "hang", "junk",
             "junk_protobuf", "huge", "redirect", "half_an_answer", "short_answer", "ok_empty"]
    plan = [step for kind in kinds for step in (kind, "ok", kind)]
    s = BadServer(SCHEMA, plan)
    r = send(s.url, 3000, *FAST)
    s.close()
    assert r["rc"] == 0 and r["lost"] == 0, r
    assert not s.plan, "the plan was not used up: %s" % s.plan
    check_all(s.seen.values(), 3000)
    assert s.repeats > 0  # stored without an answer, so sent again
    # A batch that came twice came with the same number, and numbers never go back: the order is kept.
    numbers = [number for number, _ in s.batches]
    assert numbers == sorted(numbers), numbers


def test_too_large_is_halved():
    s = BadServer(SCHEMA, largest=7)
    r = send(s.url, 500, *FAST)
    s.close()
    assert r["rc"] == 0 and r["lost"] == 0, r
    check_all(s.seen.values(), 500)
    assert max(n for _, n in s.batches) <= 7


def test_one_bad_finding_goes_alone():
    s = BadServer(SCHEMA, poison=217)
    r = send(s.url, 500, *FAST)
    s.close()
    assert r["delivered"] == 499 and r["lost"] == 1, r
    assert r["status"]["sinks"][0]["lostReasons"]["refused"] == 1, r
    assert sorted(s.seen.values()) == [n for n in range(1, 501) if n != 217]


def test_a_server_that_comes_and_goes():
    first = BadServer(SCHEMA)
    p = send(first.url, 20000, *FAST, wait=False)
    servers = [first]
    for _ in range(3):
        wait_for(lambda: servers[-1].requests > 5)
        servers[-1].close()
        time.sleep(0.3)
        servers.append(BadServer(SCHEMA, port=first.port))
    r = result(p)
    servers[-1].close()
    assert r["rc"] == 0 and r["lost"] == 0, r
    assert all(s.seen for s in servers) and r["retries"] >= 3, r
    seen = {}
    for s in servers:
        seen.update(s.seen)
    check_all(seen.values(), 20000)


def test_receiver_killed_and_restarted():
    store = path("killed.db")
    receiver = Receiver(store)
    p = send(receiver.url, 30000, *FAST, wait=False)
    kills = 0
    while kills < 5 and p.poll() is None:
        time.sleep(0.2)
        receiver.end(signal.SIGKILL)
        receiver = Receiver(store, listen=receiver.listen)
        kills += 1
    r = result(p)
    assert r["rc"] == 0 and r["lost"] == 0, r
    assert kills > 1 and r["retries"] > 0, r
    assert receiver.end() == 0, receiver.lines
    rows = stored(store)
    check_all([f["sequence"] for f in rows], 30000)
    assert len({f["id"] for f in rows}) == 30000


def test_acknowledged_is_stored():
    """Killed at once after the last acknowledgement: it is all there."""
    store = path("acknowledged.db")
    receiver = Receiver(store)
    r = send(receiver.url, 2000, *FAST)
    receiver.end(signal.SIGKILL)
    assert r["rc"] == 0
    check_all([f["sequence"] for f in stored(store)], 2000)


def test_certificates_that_do_not_hold():
    cases = [("stranger", "is not signed by a CA in " + path("ca.pem")), ("other_host", "is for another name than 127.0.0.1"),
             ("expired", "has expired")]
    for name, words in cases:
        s = BadServer(SCHEMA, tls=pair(name))
        p = send(s.url, 200, *FAST, "ca=" + path("ca.pem"), wait=False)
        gave_up = send(s.url, 10, *FAST, "ca=" + path("ca.pem"), "give_up=700")
        assert words in gave_up["error"], gave_up
        assert gave_up["delivered"] == 0 and gave_up["rc"] != 0, gave_up
        assert not s.seen, "%s was trusted" % name
        s.close()
        # Mended while the first sender is still trying: nothing is lost.
        s = BadServer(SCHEMA, tls=pair("server"), port=s.port)
        r = result(p)
        s.close()
        assert r["rc"] == 0 and r["lost"] == 0, r
        check_all(s.seen.values(), 200)


def test_ca_file_mended_while_running():
    shutil.copy(path("strangers.pem"), path("trusted.pem"))
    s = BadServer(SCHEMA, tls=pair("server"))
    p = send(s.url, 100, *FAST, "ca=" + path("trusted.pem"), "give_up=30000", wait=False)
    time.sleep(0.5)
    assert not s.seen
    shutil.copy(path("ca.pem"), path("trusted.pem"))
    r = result(p)
    s.close()
    assert r["rc"] == 0 and r["retries"] > 0, r
    check_all(s.seen.values(), 100)


def test_receiver_with_tls_token_and_client_certificate():
    with open(path("tokens"), "w", encoding="ascii") as f:
        f.write("first\nsecond\n")
    for name, token in (("good", "second\n"), ("bad", "third\n")):
        with open(path("token." + name), "w", encoding="ascii") as f:
            f.write(token)
    store = path("tls.db")
    cert, key = pair("server")
    receiver = Receiver(store, "--tls-cert", cert, "--tls-key", key, "--client-ca", path("clients.pem"),
                        "--token-file", path("tokens"))
    assert receiver.url.startswith("https://"), receiver.url
    ca = "ca=" + path("ca.pem")
    mine = ["cert=" + path("client.pem"), "key=" + path("client.key")]
    theirs = ["cert=" + path("server.pem"), "key=" + path("server.key")]
    good, bad = "token=" + path("token.good"), "token=" + path("token.bad")
    for options, words in (([good], "not allowed (403)"), ([good] + theirs, "not allowed (403)"),
                           (mine, "not allowed (401)"), (mine + [bad], "not allowed (401)")):
        r = send(receiver.url, 5, *FAST, ca, *options, "give_up=500")
        assert words in r["error"] and r["delivered"] == 0, (options, r)
    r = send(receiver.url, 500, *FAST, ca, good, *mine)
    assert r["rc"] == 0, r
    assert receiver.end() == 0
    check_all([f["sequence"] for f in stored(store)], 500)


def test_bodies_are_everybodys():
    """What was sent, read by protoc and python3-protobuf."""
    for compression in ("gzip", "zstd", "none"):
        if compression == "zstd" and not shutil.which("zstd"):
            print("# zstd is not installed: its bodies are not read")
            continue
        s = BadServer(SCHEMA)
        r = send(s.url, 120, *FAST, "compression=" + compression)
        s.close()
        assert r["rc"] == 0, r
        count = 0
        for coding, body in s.bodies:
            assert coding == (None if compression == "none" else compression)
            body = unpack(coding, body)
            text = subprocess.run(["protoc", "-I", os.path.join(SRC, "proto"), "--decode=noroshi.v1.FindingBatch",
                                   "noroshi/v1/batch.proto"], input=body, stdout=subprocess.PIPE, check=True).stdout
            batch = SCHEMA.FindingBatch()
            batch.ParseFromString(body)
            assert text.count(b"\nfindings {") == len(batch.findings)
            assert batch.SerializeToString() == body or len(batch.SerializeToString()) == len(body)
            assert all(f.process.uid == 0 and f.process.HasField("uid") for f in batch.findings)
            count += len(batch.findings)
        assert count == 120


def test_reading_the_store():
    store = path("read.db")
    receiver = Receiver(store)
    follow = start([NOROSHI, "findings", "--store", store, "--follow", "--rule", "Reverse shell"],
                   stdout=subprocess.PIPE)
    send(receiver.url, 9, *FAST)
    lines = [follow.stdout.readline() for _ in range(6)]
    assert all("Reverse shell: bash has" in line for line in lines), lines
    send(receiver.url, 3, *FAST)
    lines = [follow.stdout.readline() for _ in range(2)]
    assert all("HIGH" in line for line in lines), lines
    follow.send_signal(signal.SIGINT)
    assert follow.wait() == 0 and follow.stdout.read() == ""
    follow.stdout.close()
    assert receiver.end() == 0
    rc, out, _ = noroshi("findings", "--store", store, "--summary", "--json")
    counts = {c["rule"]: (c["severity"], c["findings"]) for c in map(json.loads, out.splitlines())}
    assert rc == 0 and counts == {"Reverse shell": ("high", 8), "Miner pool contacted": ("medium", 4)}, out
    rc, out, _ = noroshi("findings", "--store", store, "--severity", "high", "--since", "1h", "--limit", "3")
    assert rc == 0 and len(out.splitlines()) == 3, out
    rc, out, _ = noroshi("findings", "--store", store, "--since", "2099-01-01T00:00:00Z")
    assert rc == 0 and out == "", out


def test_what_is_not_taken():
    for args, words in ((["findings", "--store", path("none.db")], "no store at"),
                        (["findings", "--store", path("ca.pem")], "not a database"),
                        (["findings", "--severity", "awful"], "severity is"),
                        (["findings", "--stoer", "x"], "did you mean"),
                        (["receive", "--listen", "0.0.0.0:0", "--store", path("x.db")], "without TLS only loopback"),
                        (["receive", "--listen", "127.0.0.1:0", "--store", path("x.db"), "--tls-cert", path("ca.pem"),
                          "--tls-key", path("server.key")], "cannot serve"),
                        (["receive", "--store", "/proc/none/x.db"], "/proc/none/x.db"),
                        (["receive", "--keep", "0"], "--keep takes")):
        rc, out, err = noroshi(*args)
        assert rc == 2 and words in err and not out, (args, rc, out, err)


def main():
    make_ca("ca")
    make_ca("clients")
    make_ca("strangers")
    make_cert("server", "ca", "IP:127.0.0.1")
    make_cert("other_host", "ca", "DNS:collector.example")
    make_cert("expired", "ca", "IP:127.0.0.1", days="-1")
    make_cert("stranger", "strangers", "IP:127.0.0.1")
    make_cert("client", "clients", "DNS:agent.example")
    tests = [(name, f) for name, f in sorted(globals().items()) if name.startswith("test_")]
    only = sys.argv[1:]
    failed = 0
    print("1..%d" % len(tests))
    for number, (name, f) in enumerate(tests, 1):
        if only and name not in only:
            continue
        try:
            began = time.monotonic()
            f()
            print("ok %d - %s # %.1f s" % (number, name, time.monotonic() - began), flush=True)
        except Exception as e:  # pylint: disable=broad-except
            failed += 1
            print("not ok %d - %s: %s: %s" % (number, name, type(e).__name__, e), flush=True)
        finally:
            end_children()
    return failed


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        STATUS = main()
    finally:
        shutil.rmtree(TMP)
    sys.exit(1 if STATUS else 0)
