# SPDX-License-Identifier: Apache-2.0
"""Doubles of who knows tasks on a container instance: the ECS agent's introspection and task metadata, and Docker's API."""
import http.server
import json
import os
import socketserver
import threading
import time
import urllib.parse

ARN = "arn:aws:ecs:ap-northeast-1:111122223333:"
INSTANCE = ARN + "container-instance/prod/4d5e6f708192a3b4c5d6e7f8091a2b3c"


def container(cid, name="web", family="web"):
    return {"DockerId": cid, "DockerName": "ecs-%s-42-%s-9ae8c1f0b2d3e4f50700" % (family, name), "Name": name, "Image": "repo/web:1.8",
            "ImageID": "sha256:" + "5c1f" * 16, "CreatedAt": "2026-11-22T09:11:58.101Z", "StartedAt": "2026-11-22T09:12:00.004Z",
            "Ports": [{"ContainerPort": 8080, "Protocol": "tcp", "HostPort": 32768}],
            "Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.1.23"]}], "RestartCount": 0}


def task(tid, *containers, family="web"):
    return {"Arn": ARN + "task/prod/" + tid, "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "Family": family, "Version": "42",
            "Containers": list(containers)}


def own_task(tid, *containers):
    """The same as task metadata, version 4, has it."""
    return {"Cluster": ARN + "cluster/prod", "TaskARN": ARN + "task/prod/" + tid, "Family": "web", "Revision": "42", "ServiceName": "front",
            "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "LaunchType": "EC2", "AvailabilityZone": "ap-northeast-1a",
            "Limits": {"CPU": 0.5, "Memory": 512}, "Containers": [dict(c, Labels={"team": "app"}, Type="NORMAL") for c in containers]}


def docker_container(cid, tid, name, family="web"):
    """As Docker's API has it, with the labels that the ECS agent sets."""
    return {"Id": cid, "Name": "/ecs-%s-42-%s-9ae8" % (family, name.strip("~").replace("~", "")), "Created": "2026-11-22T09:11:58.101Z",
            "State": {"Status": "running", "Pid": 48150, "StartedAt": "2026-11-22T09:12:00.004Z"}, "Image": "none",
            "HostConfig": {"Privileged": False, "PidMode": "", "NetworkMode": "none", "IpcMode": "", "SecurityOpt": None, "Binds": None},
            "Config": {"Image": "amazon/amazon-ecs-pause:0.1.0", "Labels": {
                "com.amazonaws.ecs.cluster": "prod", "com.amazonaws.ecs.container-name": name,
                "com.amazonaws.ecs.task-arn": ARN + "task/prod/" + tid, "com.amazonaws.ecs.task-definition-family": family,
                "com.amazonaws.ecs.task-definition-version": "42"}}}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        status, body = self.server.double.answer(self.path)
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def address_string(self):
        return "peer"

    def log_message(self, *args):
        pass


class TcpServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class Double:
    """Answers from start() on."""
    server = None
    at = ("127.0.0.1", 0)

    def start(self):
        self.server = (UnixServer if isinstance(self.at, str) else TcpServer)(self.at, Handler)
        self.server.double = self
        self.at = self.server.server_address    # a port of its own stays the same
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        if isinstance(self.at, str) and os.path.exists(self.at):
            os.unlink(self.at)
        self.server = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()


class EcsAgent(Double):
    """The introspection. A container that is late is not known before it was asked for that many seconds ago."""

    def __init__(self):
        self.tasks = []
        self.late = {}
        self.asked = {}

    def url(self):
        return "http://127.0.0.1:%d" % self.at[1]

    def known(self, cid):
        first = self.asked.setdefault(cid, time.monotonic())
        return time.monotonic() >= first + self.late.get(cid, 0)

    def answer(self, path):
        path, _, query = path.partition("?")
        cid = urllib.parse.parse_qs(query).get("dockerid", [""])[0]
        if path == "/v1/metadata":
            return 200, {"Cluster": "prod", "ContainerInstanceArn": INSTANCE, "Version": "Amazon ECS Agent - v1.105.1 (*a8b3e7d3)"}
        if path != "/v1/tasks":
            return 200, {"AvailableCommands": ["/v1/metadata", "/v1/tasks", "/license"]}
        if not cid:
            return 200, {"Tasks": self.tasks}
        for one in self.tasks:
            if self.known(cid) and cid in [c["DockerId"] for c in one["Containers"]]:
                return 200, one
        return 404, {"Arn": "", "KnownStatus": "", "Family": "", "Version": "", "Containers": None}


class TaskMetadata(Double):
    def __init__(self, own):
        self.own = own

    def url(self):
        return "http://127.0.0.1:%d/v4/7c1e2d3f-aaaa" % self.at[1]

    def answer(self, path):
        if path == "/v4/7c1e2d3f-aaaa/task":
            return 200, self.own
        return 404, "V4 task metadata handler: unable to get task arn from request"


class DockerApi(Double):
    def __init__(self, socket):
        self.at = socket
        self.containers = {}

    def answer(self, path):
        one = self.containers.get(path.split("/")[2] if path.startswith("/containers/") else "")
        return (200, one) if one else (404, {"message": "No such container"})


def metadata_file(data_dir, tid, cid, name="web", status="READY"):
    """What the ECS agent writes where ECS_ENABLE_CONTAINER_METADATA is on; renamed into place, as it does."""
    folder = os.path.join(data_dir, "data/metadata/prod", tid, name)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "ecs-container-metadata.json")
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump({"Cluster": "prod", "ContainerInstanceARN": INSTANCE, "TaskARN": ARN + "task/prod/" + tid, "TaskDefinitionFamily": "web",
                   "TaskDefinitionRevision": "42", "ContainerID": cid, "ContainerName": name, "DockerContainerName": "/ecs-web-42-" + name,
                   "ImageID": "sha256:" + "5c1f" * 16, "ImageName": "repo/web:1.8", "PortMappings": [], "Networks": [
                       {"NetworkMode": "bridge", "IPv4Addresses": ["172.17.0.2"]}], "MetadataFileStatus": status}, f)
    os.rename(path + ".new", path)
