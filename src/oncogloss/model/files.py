"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """Write a new file, down to the disk."""
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` under `path` in one step, down to the disk: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    write_file(fresh, data)
    put_in_place(fresh, path)


def put_in_place(fresh: Path, path: Path) -> None:
    """Give a finished file or folder its name in one step, down to the disk: others see all of it or nothing."""
    if fresh.is_dir():
        sync_folder(fresh)
        os.rename(fresh, path)
    else:
        os.replace(fresh, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk, where the platform can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
