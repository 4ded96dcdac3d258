"""JupyterLab as the course wants it: quiet, on this machine only, its notebooks trusted."""

from __future__ import annotations

import json
import logging
import re
import secrets
import signal
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyterlab.labapp import LabApp  # type: ignore[import-untyped]
from jupyterlab_server.workspaces_handler import WORKSPACE_EXTENSION, slugify
from traitlets.config import Config

HOST = "127.0.0.1"
COURSE_NOTEBOOK = re.compile(r"(notebooks|course/instructor(/.+)?)/\d\d-[^/]+\.ipynb")
SETTINGS = {"@jupyterlab/notebook-extension:tracker": {"autoStartDefaultKernel": True}}
UNUSED = (
    "@jupyterlab/apputils-extension:announcements",  # asks about news, looks for updates
    "@jupyterlab/extensionmanager-extension",
    "@jupyterlab/lsp-extension",
    "@jupyterlab/fileeditor-extension:language-server",
    "@jupyterlab/notebook-extension:language-server",
    "jupyterlab-jupytext",
)
FIRST_LAYOUT = {
    "main": {"dock": None},
    "left": {
        "collapsed": False,
        "visible": True,
        "current": "@jupyterlab/toc:plugin",
        "widgets": ["filebrowser", "running-sessions", "@jupyterlab/toc:plugin"],
    },
    "relativeSizes": [0.22, 0.78, 0],
}


class CourseContents(AsyncLargeFileManager):
    """Files as usual, but the course's own notebooks are trusted whenever they are opened.

    A stored signature would be lost with every update of the course; where a notebook stands
    does not change.
    """

    def mark_trusted_cells(self, nb: Any, path: str = "") -> None:
        """Let the outputs of the course's notebooks show; see Jupyter's notebook security."""
        if COURSE_NOTEBOOK.fullmatch(path.strip("/")):
            self.notary.mark_cells(nb, True)  # type: ignore[no-untyped-call]
        else:
            super().mark_trusted_cells(nb, path)  # type: ignore[no-untyped-call]

    async def get(self, path: str, *args: Any, **more: Any) -> dict[str, Any]:
        """Read a file; in a notebook without a kernel, widgets give way to their text.

        Without its kernel JupyterLab has nothing but an error to show in a widget's place.
        """
        model: dict[str, Any] = await super().get(path, *args, **more)  # type: ignore[no-untyped-call]
        if model["type"] == "notebook" and model["content"] and not await self._has_kernel(path):
            for cell in model["content"]["cells"]:
                for output in cell.get("outputs", ()):
                    if "text/html" in output.get("data", {}):
                        output["data"].pop("application/vnd.jupyter.widget-view+json", None)
        return model

    async def _has_kernel(self, path: str) -> bool:
        sessions = await self.parent.session_manager.list_sessions()  # type: ignore[union-attr]
        return any(session["path"] == path.strip("/") for session in sessions)


def write_settings(state: Path) -> None:
    """Write the settings of JupyterLab and its kernels; what the learner set later stays.

    `state` is the folder whose "config" and "ipython" are Jupyter's and IPython's own.
    """
    kernel = {"IPKernelApp": {"log_level": logging.ERROR}}
    write_json(state / "ipython" / "profile_default" / "ipython_kernel_config.json", kernel)
    labconfig = state / "config" / "labconfig"
    write_json(labconfig / "default_setting_overrides.json", SETTINGS)
    write_json(labconfig / "page_config.json", {"disabledExtensions": dict.fromkeys(UNUSED, True)})
    name = f"{slugify('default')}{WORKSPACE_EXTENSION}"
    layout = state / "config" / "lab" / "workspaces" / name
    if not layout.exists():
        data = {"layout-restorer:data": FIRST_LAYOUT}
        write_json(layout, {"data": data, "metadata": {"id": "default"}})


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


def configuration(root: Path, notebook: str, port: int, open_browser: bool, token: str) -> Config:
    """Return Jupyter's configuration; see its documentation for each name."""
    return Config(
        {
            "Application": {"log_level": logging.ERROR},
            "IdentityProvider": {"token": token},
            "ServerApp": {
                "ip": HOST,
                "port": port,
                "port_retries": 0,
                "root_dir": str(root),
                "open_browser": open_browser,
                "allow_root": True,
                "contents_manager_class": CourseContents,
            },
            "LabApp": {
                "default_url": f"/lab/tree/{notebook}",
                "extension_manager": "readonly",
            },
            "KernelSpecManager": {"allowed_kernelspecs": {"python3"}},
        }
    )


def announce(address: str) -> None:
    """Say where the course is, once it is there."""
    print(f"The course is open at\n\n    {address}\n\nStop it with Ctrl-C.", flush=True)


def serve(root: Path, notebook: str, port: int, open_browser: bool) -> int:
    """Serve JupyterLab on 127.0.0.1 until Ctrl-C, showing a notebook below `root`."""
    token = secrets.token_urlsafe(24)
    app = LabApp.make_serverapp(
        jpserver_extensions={"jupyterlab": True, "jupyter_server_terminals": True},
        config=configuration(root, notebook, port, open_browser, token),
    )
    app.initialize(argv=[], starter_extension=LabApp.name, find_extensions=False)
    signal.signal(signal.SIGINT, lambda *_: app.stop(from_signal=True))
    app.io_loop.add_callback(announce, f"http://{HOST}:{port}/lab/tree/{notebook}?token={token}")
    app.start()
    print("The course is closed.")
    return 0
