# SPDX-License-Identifier: Apache-2.0
"""A receiver that misbehaves by plan. Decodes with python3-protobuf, which is not ours."""
import gzip
import http.server
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time


def load_schema(src, into):
    """The generated Python classes of proto/, made by protoc into a folder."""
    proto = os.path.join(src, "proto")
    subprocess.run(["protoc", "-I", proto, "--python_out=" + into, "noroshi/v1/finding.proto",
                    "noroshi/v1/coverage.proto", "noroshi/v1/batch.proto"], check=True)
    sys.path.insert(0, into)
    from noroshi.v1 import batch_pb2
    return batch_pb2


def unpack(coding, body):
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "zstd":
        return subprocess.run(["zstd", "-dc"], input=body, stdout=subprocess.PIPE, check=True).stdout
    assert coding in (None, "identity"), coding
    return body


class BadServer:
    """plan: a behaviour per request, in turn; afterwards everything is ok.

    largest: 413 for batches of more findings. poison: 400 for batches with that sequence number.
    """

    def __init__(self, schema, plan=(), largest=None, poison=None, tls=None, token=None, port=0):
        self.schema, self.plan = schema, list(plan)
        self.largest, self.poison, self.token = largest, poison, token
        self.seen = {}          # (id, revision) -> sequence
        self.repeats = 0
        self.batches = []       # (batch number, findings) of what was stored
        self.bodies = []        # (coding, bytes) as they came
        self.heartbeats = []
        self.requests = 0
        self.connections = set()
        self.lock = threading.Lock()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                server.connections.add(self.connection)

            def finish(self):
                server.connections.discard(self.connection)
                super().finish()

            def log_message(self, *args):
                pass

            def do_POST(self):
                server.handle_request(self)

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass  # a client that went away, or a refused handshake

        self.httpd = Quiet(("127.0.0.1", port), Handler)
        self.scheme = "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True)
            self.scheme = "https"
        self.port = self.httpd.server_address[1]
        self.url = "%s://127.0.0.1:%d/v1/findings" % (self.scheme, self.port)
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        """Ends it as a crash would: also the connections that are kept alive."""
        self.httpd.shutdown()
        self.httpd.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # gone already

    def handle_request(self, h):
        with self.lock:
            what = self.plan.pop(0) if self.plan else "ok"
            self.requests += 1
        if what == "reset_in_body":
            h.rfile.read(10)
            h.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            h.connection.close()
            h.close_connection = True
            return
        body = h.rfile.read(int(h.headers["Content-Length"]))
        getattr(self, "do_" + what)(h, body)

    def store(self, h, body):
        """What a receiver does: None, or the refusal."""
        if self.token and h.headers["Authorization"] != "Bearer " + self.token:
            return 401
        assert h.headers["Content-Type"] == "application/x-protobuf"
        batch = self.schema.FindingBatch()
        batch.ParseFromString(unpack(h.headers["Content-Encoding"], body))
        if self.largest and len(batch.findings) > self.largest:
            return 413
        if self.poison in [f.sequence for f in batch.findings]:
            return 400
        with self.lock:
            self.bodies.append((h.headers["Content-Encoding"], body))
            self.batches.append((batch.batch, len(batch.findings)))
            if batch.HasField("heartbeat"):
                self.heartbeats.append(batch.heartbeat)
            for f in batch.findings:
                self.repeats += (f.id, f.revision) in self.seen
                self.seen[(f.id, f.revision)] = f.sequence
        return None

    @staticmethod
    def answer(h, status, body=b"", kind=None, headers=()):
        h.send_response(status)
        if kind:
            h.send_header("Content-Type", kind)
        for name, value in headers:
            h.send_header(name, value)
        h.send_header("Content-Length", str(len(body)))
        h.end_headers()
        h.wfile.write(body)

    def do_ok(self, h, body):
        refusal = self.store(h, body)
        if refusal:
            return self.answer(h, refusal)
        response = self.schema.UploadResponse(accepted=self.batches[-1][1])
        return self.answer(h, 200, response.SerializeToString(), "application/x-protobuf")

    def do_ok_empty(self, h, body):
        self.answer(h, self.store(h, body) or 204)

    def do_junk(self, h, body):
        self.answer(h, 200, b"<html>please log in</html>", "text/html")

    def do_junk_protobuf(self, h, body):
        self.answer(h, 200, b"\xff\xff\xff\xff", "application/x-protobuf")

    def do_huge(self, h, body):
        self.answer(h, 200, b"x" * (1 << 20), "application/x-protobuf")

    def do_redirect(self, h, body):
        self.answer(h, 307, headers=[("Location", "http://127.0.0.1:1/")])

    def do_error(self, h, body):
        self.answer(h, 500, b"disk full", "text/plain")

    def do_busy(self, h, body):
        self.answer(h, 429, headers=[("Retry-After", "1")])

    def do_busy_until(self, h, body):
        when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 1))
        self.answer(h, 503, headers=[("Retry-After", when)])

    def do_close(self, h, body):
        h.close_connection = True

    def do_close_after_storing(self, h, body):
        self.store(h, body)
        h.close_connection = True

    def do_half_an_answer(self, h, body):
        h.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 2")
        h.close_connection = True

    def do_short_answer(self, h, body):
        h.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 20\r\n\r\n\x08\x01")
        h.close_connection = True

    def do_hang(self, h, body):
        h.connection.settimeout(30)
        h.connection.recv(1)  # until the client gives up
        h.close_connection = True
