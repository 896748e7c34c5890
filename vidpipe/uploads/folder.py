"""A drop folder on this machine, as uploads see it: names that are taken, small files beside."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from vidpipe.storage.files import flush, make_folder
from vidpipe.storage.folder import ObjectFolder
from vidpipe.uploads.partial import PartialFiles


class FolderDrop:
    """One drop folder. Nothing in it is ever overwritten."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = PartialFiles(root)

    def exists(self, key: str) -> bool:
        """Whether anything is called so, a link that leads nowhere too."""
        return os.path.lexists(self.root / key)

    def put(self, key: str, data: bytes) -> bool:
        """Store a small file whole; False where there is one."""
        target = ObjectFolder(self.root).path(key)
        make_folder(self.files.folder)
        make_folder(target.parent)
        temporary = self.files.folder / f"beside-{os.urandom(8).hex()}"
        try:
            temporary.write_bytes(data)
            flush(temporary)
            with contextlib.suppress(FileExistsError):
                os.link(temporary, target)
                flush(target.parent)
                return True
            return False
        finally:
            temporary.unlink(missing_ok=True)

    def read(self, key: str) -> bytes | None:
        """A small file; None without one."""
        try:
            return (self.root / key).read_bytes()
        except OSError:
            return None

    def delete(self, key: str) -> None:
        """Remove a file."""
        (self.root / key).unlink(missing_ok=True)
