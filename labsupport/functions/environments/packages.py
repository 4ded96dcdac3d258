"""Deployment packages: checked when they are uploaded, unpacked when first run."""

from __future__ import annotations

import io
import os
import shutil
import stat
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from labsupport.facts import fact

from ..errors import ServiceError, invalid_parameter
from ..model import FunctionVersion

# Encrypted entries are a RuntimeError to zipfile, unknown methods a NotImplementedError.
UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError)


def check_package(package: bytes) -> None:
    """Refuse what Lambda refuses as a .zip archive.

    Raises:
        ServiceError: with AWS's message for an archive that can't be read or is too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            size = _unzipped_bytes(archive)
            names = archive.namelist()
            broken = any(map(_leaves, names)) or (
                size <= _most_bytes() and archive.testzip() is not None
            )
    except UNREADABLE:
        broken = True
    if not package or not (broken or names):
        raise invalid_parameter("Uploaded file must be a non-empty zip")
    if broken:
        raise invalid_parameter(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        )
    if size > _most_bytes():
        raise invalid_parameter(f"Unzipped size must be smaller than {_most_bytes()} bytes")


def check_together(packages: Iterable[bytes]) -> None:
    """Refuse a function that is too large together with its layers, each checked by itself before.

    Raises:
        ServiceError: with AWS's message.
    """
    size = 0
    for package in packages:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            size += _unzipped_bytes(archive)
    if size > _most_bytes():
        raise invalid_parameter(
            "Function code combined with layers exceeds the maximum allowed size of "
            f"{_most_bytes()} bytes. The actual size is {size} bytes."
        )


def _leaves(name: str) -> bool:
    """Whether a file of an archive would come to lie outside of the folder it is unpacked in."""
    return ".." in name.replace("\\", "/").split("/")


def _unzipped_bytes(archive: zipfile.ZipFile) -> int:
    return sum(entry.file_size for entry in archive.infolist())


def _most_bytes() -> int:
    return int(fact("code.unzipped_mb").value) * 1024 * 1024


class PackageStore:
    """Unpacked archives, one folder for each content.

    Args:
        home: the folder they are kept in.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._folders: dict[tuple[str, ...], Path] = {}

    def folder(self, function: FunctionVersion) -> Path:
        """What an environment of this version has in /var/task."""
        return self._unpacked((function.code_sha256,), [function.package])

    def layers(self, function: FunctionVersion) -> Path:
        """What it has in /opt: its layers, unpacked in their order, later over earlier."""
        key = ("/opt", *(layer.sha256 for layer in function.layers))
        return self._unpacked(key, [layer.package for layer in function.layers])

    def _unpacked(self, key: tuple[str, ...], archives: list[Callable[[], bytes]]) -> Path:
        with self._lock:
            known = self._folders.get(key)
            if known is None:
                known = self._home / f"package-{len(self._folders)}"
                shutil.rmtree(known, ignore_errors=True)
                known.mkdir(parents=True)
                try:
                    for archive in archives:
                        _unpack(archive(), known)
                except UNREADABLE as error:  # sound in itself, but with names that clash
                    raise ServiceError(
                        "InvalidZipFileException",
                        f"Lambda could not unzip the deployment package: {error}",
                        502,
                    ) from error
                self._folders[key] = known
            return known


def _unpack(package: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        for entry in archive.infolist():
            written = archive.extract(entry, folder)
            mode = stat.S_IMODE(entry.external_attr >> 16)
            if mode and not entry.is_dir():
                os.chmod(written, mode | stat.S_IRUSR)
