"""Programs that the documents name and no test may run: each checks what it is given.

Called by the name of the program: docker, helm and kubectl look whether the files they are
given are there and can be read; pip whether there is such an extra; make whether there is
such a target; aws does what it is told, over boto3.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml


def main() -> int:
    """The double of the program that this was called as."""
    name, given = Path(sys.argv[0]).name, sys.argv[1:]
    problem = PROGRAMS[name](given)
    if problem:
        print(f"{name} {' '.join(given)}: {problem}", file=sys.stderr)
        return 1
    return 0


def files_are_there(given: list[str]) -> str:
    """Every file behind -f can be read as what it is."""
    for flag, path in itertools.pairwise(given):
        if flag != "-f":
            continue
        named = Path(path)
        if not named.exists():
            return f"there is no {path}"
        for item in sorted(named.glob("*.yaml")) if named.is_dir() else [named]:
            if item.suffix == ".yaml" and not list(yaml.safe_load_all(item.read_text())):
                return f"{item} is empty"
    return ""


def docker(given: list[str]) -> str:
    for argument in given:
        if argument.startswith("EXTRAS="):
            return extras_exist(argument.removeprefix("EXTRAS=").split(","))
    if given[0] == "compose" and "exec" in given:
        service = given[given.index("exec") + 1]
        services = yaml.safe_load(Path(given[given.index("-f") + 1]).read_text())["services"]
        if service not in services:
            return f"there is no service {service}"
    return files_are_there(given)


def extras_exist(wanted: list[str]) -> str:
    there = tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"]
    missing = [name for name in wanted if name not in there]
    return f"no such extra: {', '.join(missing)}" if missing else ""


def pip(given: list[str]) -> str:
    found = re.search(r"\[(.+)\]", given[-1])
    if given[0] != "install" or found is None:
        return "only `install` with an extra is known"
    return extras_exist(found.group(1).split(","))


def make(given: list[str]) -> str:
    done = subprocess.run(["/usr/bin/make", "-n", *given], capture_output=True, check=False)
    return done.stderr.decode() if done.returncode else ""


def aws(given: list[str]) -> str:
    import boto3

    arguments = [g for g in given if not g.startswith("--")]
    endpoint, service, verb, *paths = arguments
    if service != "s3":
        return "only s3 is known"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    bucket, _, key = paths[-1].removeprefix("s3://").partition("/")
    if verb == "mb":
        client.create_bucket(Bucket=bucket)
    elif verb == "cp":
        client.upload_file(paths[0], bucket, key)
    else:
        return f"{verb} is not known"
    return ""


PROGRAMS = {
    "docker": docker,
    "helm": files_are_there,
    "kubectl": files_are_there,
    "pip": pip,
    "make": make,
    "aws": aws,
}

if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(main())
