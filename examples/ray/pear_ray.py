#!/usr/bin/env python3
"""Archives a directory with the machines of a Ray cluster.

Each task makes one part with 'pear-archive create --shard'; 'merge' joins them. A task whose
machine is lost is run again on another one. Source, parts and archive lie on a file system
that all machines see.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import ray

# Exit codes of pear-archive.
WARNINGS, SYSTEM = 1, 2


class SystemRefused(Exception):
    """The system refused something, which may pass: the task is worth another try."""


class PartFailed(Exception):
    """A part was not made, and another try would not help."""


def run(command: list[str]) -> tuple[int, str]:
    """Runs a program; returns its exit code and what it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise PartFailed(f"cannot run {command[0]}: {error.strerror}") from None
    return done.returncode, done.stderr.strip()


def part_path(parts: str, number: int, count: int) -> Path:
    """The file of a part."""
    return Path(parts) / f"part-{number}-of-{count}.pear"


# Ray runs a task again if its machine or process is lost, or if it raises SystemRefused.
@ray.remote(num_cpus=1, max_retries=5, retry_exceptions=[SystemRefused])
def make_part(program: str, source: str, parts: str, number: int, count: int, options: list[str]):
    """Makes a part, unless it is there: a part has its name only when it is complete."""
    part = part_path(parts, number, count)
    node = ray.get_runtime_context().get_node_id()[:8]
    if part.exists():
        return number, node, 0.0
    begin = time.monotonic()
    made = part.with_name(part.name + ".made")
    path = Path(source)
    code, message = run([
        program, "create", str(made), "-C", str(path.parent),
        "--shard", f"{number}/{count}", "--jobs", "1", *options, path.name,
    ])
    if code == SYSTEM:
        time.sleep(5)
        raise SystemRefused(f"part {number} of {count}: {message}")
    if code == WARNINGS:
        raise PartFailed(
            f"part {number} of {count} lacks files; it is kept as {made}: rename it to {part} "
            f"if that is all right, and start again\n{message}"
        )
    if code != 0:
        raise PartFailed(f"part {number} of {count}: exit code {code}\n{message}")
    made.rename(part)
    return number, node, time.monotonic() - begin


def make_parts(arguments: argparse.Namespace) -> bool:
    """Makes all parts; returns whether all are there."""
    waiting = [
        make_part.remote(
            arguments.program, arguments.source, arguments.parts, number, arguments.count,
            arguments.options,
        )
        for number in range(1, arguments.count + 1)
    ]
    whole = True
    while waiting:
        [done], waiting = ray.wait(waiting, num_returns=1)
        try:
            number, node, seconds = ray.get(done)
            print(f"part {number} of {arguments.count}: node {node}, {seconds:.1f} s", flush=True)
        except ray.exceptions.RayError as error:
            # The others go on: what is made need not be made again.
            whole = False
            print(getattr(error, "cause", None) or error, file=sys.stderr, flush=True)
    return whole


def arguments_of_user() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("source", type=os.path.realpath, help="directory to archive")
    parser.add_argument("out", type=os.path.realpath, help="archive to write")
    parser.add_argument("parts", type=os.path.realpath, help="directory for the parts")
    parser.add_argument("count", type=int, help="number of parts")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="options of 'create'")
    parser.add_argument("--program", default="pear-archive", help="program to run on all machines")
    arguments = parser.parse_args()
    if arguments.count < 1:
        parser.error("there must be one part or more")
    if not os.path.isdir(arguments.source):
        parser.error(f"{arguments.source}: not a directory")
    return arguments


def main() -> int:
    """Makes all parts, then the archive."""
    arguments = arguments_of_user()
    os.makedirs(arguments.parts, exist_ok=True)
    ray.init(address="auto", log_to_driver=False)
    if not make_parts(arguments):
        print("not merged: start again to make the missing parts", file=sys.stderr)
        return 1
    parts = [
        str(part_path(arguments.parts, number, arguments.count))
        for number in range(1, arguments.count + 1)
    ]
    code, message = run([arguments.program, "merge", arguments.out, *parts])
    if message:
        print(message, file=sys.stderr)
    if code == 0:
        print(f"merged {len(parts)} parts to {arguments.out}")
    return code


if __name__ == "__main__":
    sys.exit(main())
