# SPDX-License-Identifier: Apache-2.0
"""Bundles for runc whose containers run one program, in a control group of a given path, and what is left of such paths."""
import json
import os
import subprocess

import lib_agent


def spec(folder):
    """What runc itself proposes, as text."""
    subprocess.run(["runc", "spec"], cwd=folder, check=True)
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
        return f.read()


def bundle(folder, text, root, group, *argv):
    """Makes folder a bundle of spec()'s text. root: a path, or what the runtime specification has there."""
    made = json.loads(text)
    made["process"].update(terminal=False, args=list(argv))
    made["process"].pop("rlimits", None)
    made["root"] = root if isinstance(root, dict) else {"path": root}
    made["mounts"] = [m for m in made["mounts"] if m["type"] != "cgroup"]
    made["linux"]["cgroupsPath"] = "/" + group
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as f:
        json.dump(made, f)


def remove_groups(*groups):
    """What runc made of the paths in each hierarchy and leaves behind, from below."""
    for controller in [""] + os.listdir("/sys/fs/cgroup"):
        for group in groups:
            while group:
                lib_agent.remove_group(os.path.join("/sys/fs/cgroup", controller, group))
                group = os.path.dirname(group)
