"""What `lab.export_sam` does and shows."""

from __future__ import annotations

import hashlib
import html
import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from labsupport.errors import LabError, LabValueError

from .export.draft import Draft
from .export.writing import write_draft

TEMPLATE = "template.yaml"
MANIFEST = ".exported.json"
_NOT_OURS = {"samconfig.toml", ".aws-sam", ".ipynb_checkpoints", "__pycache__", ".DS_Store"}


@dataclass(frozen=True, repr=False)
class Exported:
    """The lab as a folder that `sam deploy` takes.

    Args:
        folder: where it is.
        files: what was written, relative to the folder.
        left_out: what the lab has and the template has not, a sentence each.
        command: what to type next, in the folder.
    """

    folder: Path
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    command: str

    @property
    def template(self) -> Path:
        """The template."""
        return self.folder / TEMPLATE

    def __str__(self) -> str:
        lines = [f"Exported to {self.folder}:", *(f"  {name}" for name in self.files)]
        if self.left_out:
            lines += ["Left out:", *(f"  {each}" for each in self.left_out)]
        return "\n".join(
            [*lines, "To deploy it to an AWS account, type in that folder:", f"  {self.command}"]
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def items(texts: tuple[str, ...], tag: str) -> str:
            each = "".join(f"<li><{tag}>{html.escape(text)}</{tag}></li>" for text in texts)
            return f"<ul>{each}</ul>"

        parts = [
            f"<p><strong>Exported to {html.escape(str(self.folder))}:</strong></p>",
            items(self.files, "code"),
        ]
        if self.left_out:
            parts += ["<p><strong>Left out:</strong></p>", items(self.left_out, "span")]
        parts.append(
            "<p>To deploy it to an AWS account, type in that folder: "
            f"<code>{html.escape(self.command)}</code></p>"
        )
        return "".join(parts)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}


def export(folder: str | PathLike[str], region: str, secrets: tuple[str, ...]) -> Exported:
    """Write the lab to a folder, as `Lab.export_sam` says.

    Args:
        region: the Region that is exported.
        secrets: texts of the lab that must not get into the template.

    Raises:
        LabValueError: where the folder has something else in it.
        LabError: where it cannot be written.
    """
    place = Path(folder).expanduser()
    earlier = _earlier(place)
    draft = Draft(region, secrets)
    try:
        text = write_draft(draft)
    except (ClientError, BotoCoreError) as error:
        raise LabError(f"The lab could not be read: {error}") from None
    if not draft.resources:
        raise LabValueError("There is nothing to export: the lab has no functions or data yet.")
    files = {TEMPLATE: (text.encode(), 0o644), **draft.files}
    try:
        _write(place, files, earlier)
    except OSError as error:
        raise LabError(
            f"The export cannot be written to {place} ({error.strerror or error}): choose another "
            "folder."
        ) from None
    named = any("RoleName" in each["Properties"] for each in draft.resources.values())
    capability = " --capabilities CAPABILITY_NAMED_IAM" if named else ""
    return Exported(
        place, tuple(sorted(files)), tuple(draft.left_out), f"sam deploy --guided{capability}"
    )


def _earlier(place: Path) -> dict[str, list[str]]:
    """The digests of the files of an earlier export; nothing else may be in the folder."""
    if not place.exists():
        return {}
    other = LabValueError(
        f"{place} has something in it that is no earlier export, or was changed since: choose "
        "another folder, or empty this one."
    )
    if not place.is_dir():
        raise LabValueError(f"{place} is a file: an export needs a folder.")
    try:
        files = {
            path.relative_to(place).as_posix(): path
            for path in place.rglob("*")
            if not path.is_dir() and not _NOT_OURS & set(path.relative_to(place).parts)
        }
        if not files:
            return {}
        if MANIFEST not in files:
            raise other
        digests: dict[str, list[str]] = json.loads(files.pop(MANIFEST).read_text(encoding="utf-8"))
        if any(
            _digest(path.read_bytes()) not in digests.get(name, []) for name, path in files.items()
        ):
            raise other
    except (OSError, ValueError, AttributeError):
        raise other from None
    return digests


def _write(place: Path, files: dict[str, tuple[bytes, int]], earlier: dict[str, list[str]]) -> None:
    place.mkdir(parents=True, exist_ok=True)
    digests = {name: [_digest(content)] for name, (content, _) in sorted(files.items())}
    # While files are old and new, both are ours: an export cut short can be done again.
    both = {name: earlier.get(name, []) + digests.get(name, []) for name in {**earlier, **digests}}
    (place / MANIFEST).write_text(json.dumps(both, indent=1) + "\n", encoding="utf-8")
    for name in earlier.keys() - files.keys():
        (place / name).unlink(missing_ok=True)
    for name, (content, mode) in sorted(files.items()):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
    (place / MANIFEST).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
