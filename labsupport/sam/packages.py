"""Deployment packages made from folders, and folders made from deployment packages."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path, PurePosixPath

from labsupport.errors import LabValueError

LONG_AGO = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = {"__pycache__", ".DS_Store", ".ipynb_checkpoints"}


def package(code: Path, logical: str, member: str) -> bytes:
    """The zip file of a folder, the same bytes whenever its files are the same.

    Raises:
        LabValueError: where there is no such folder; it names the resource and its member.
    """
    if code.suffix in (".zip", ".jar") and code.is_file():
        return code.read_bytes()
    if not code.is_dir():
        raise LabValueError(
            f"The {member} of {logical} is {code}, and there is no such folder: correct it, or "
            "put the code there."
        )
    files = sorted(
        (path.relative_to(code).as_posix(), path)
        for path in code.rglob("*")
        if path.is_file() and not _LEFT_OUT & set(path.relative_to(code).parts)
    )
    if not files:
        raise LabValueError(f"The {member} of {logical} is {code}, and that folder is empty.")
    return zipped([(name, path.read_bytes(), _mode(path)) for name, path in files])


def zipped(files: list[tuple[str, bytes, int]]) -> bytes:
    """A zip file of names, contents and permissions, with no trace of when it was made."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in files:
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix: only there does a file of a package stay executable
            info.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(info, content)
    return out.getvalue()


def unzipped(content: bytes) -> dict[str, tuple[bytes, int]]:
    """The files of a package with their permissions, by name; none leads out of its folder."""
    files: dict[str, tuple[bytes, int]] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in sorted(archive.infolist(), key=lambda each: each.filename):
            place = PurePosixPath(info.filename.replace("\\", "/"))
            if info.is_dir() or place.is_absolute() or ".." in place.parts:
                continue
            executable = (info.external_attr >> 16) & 0o111
            files[place.as_posix()] = (archive.read(info), 0o755 if executable else 0o644)
    return files


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o111 else 0o644
