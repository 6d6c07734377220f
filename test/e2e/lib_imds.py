# SPDX-License-Identifier: Apache-2.0
"""A double of EC2's instance metadata service, version 2: a token first, then what `paths` has; or turned off."""
import http.server
import threading

DOCUMENT = "/latest/dynamic/instance-identity/document"
ROLE = "/latest/meta-data/iam/security-credentials/"
TAGS = "/latest/meta-data/tags/instance/"
TOKEN = b"AQAEA-token=="


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):  # noqa: N802
        off, good = self.server.double.off, self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"] == "21600"
        self.reply(403 if off else 200 if good else 400, b"" if off or not good else TOKEN)

    def do_GET(self):  # noqa: N802
        paths = self.server.double.paths
        if self.server.double.off:
            self.reply(403)
        elif self.headers["X-aws-ec2-metadata-token"] != TOKEN.decode():
            self.reply(401)
        else:
            self.reply(200 if self.path in paths else 404, paths.get(self.path, b""))


class Imds:
    """Answers while it is entered."""

    def __init__(self, document, role, **tags):
        self.off = False
        self.paths = {DOCUMENT: document, ROLE: role, TAGS: "\n".join(tags).encode(), **{TAGS + k: v.encode() for k, v in tags.items()}}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.double = self
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
