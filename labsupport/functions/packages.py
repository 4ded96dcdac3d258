"""Deployment packages: checked when they are uploaded, unpacked when first run."""

from __future__ import annotations

import io
import os
import shutil
import stat
import threading
import zipfile
from pathlib import Path

from labsupport.facts import fact

from .errors import invalid_parameter
from .model import FunctionVersion

_MB = 1024 * 1024


def check_package(package: bytes) -> None:
    """Refuse what Lambda refuses as a .zip archive.

    Raises:
        ServiceError: with AWS's message for an archive that can't be read or is too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise invalid_parameter(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from error
    largest = int(fact("code.unzipped_mb").value) * _MB
    if size > largest:
        raise invalid_parameter(f"Unzipped size must be smaller than {largest} bytes")


class PackageStore:
    """Unpacked deployment packages, one folder for each CodeSha256.

    Args:
        home: the folder they are kept in.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._folders: dict[str, Path] = {}

    def folder(self, function: FunctionVersion) -> Path:
        """The folder with the unpacked package of this version."""
        with self._lock:
            known = self._folders.get(function.code_sha256)
            if known is None:
                known = self._home / f"package-{len(self._folders)}"
                _unpack(function.package(), known)
                self._folders[function.code_sha256] = known
            return known


def _unpack(package: bytes, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        for entry in archive.infolist():
            written = archive.extract(entry, folder)
            mode = stat.S_IMODE(entry.external_attr >> 16)
            if mode and not entry.is_dir():
                os.chmod(written, mode | stat.S_IRUSR)
