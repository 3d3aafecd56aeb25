"""A hub that breaks off in the middle of a download."""

import http.server
import json
import socketserver
import tempfile
import threading
from pathlib import Path
from typing import Any
from unittest import mock

from tiny import tiny_checkpoint

from foley import Foley
from foley.checkpoints import CheckpointError, checkpoint_hash, find_checkpoint

_FILES = "/{repo_id}/resolve/{revision}/{filename}"  # where the hub's library looks for them


class _Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub as a download asks for; it breaks off in the middle of a file while `broken`."""

    folder: Path
    broken = True
    commit = "0" * 39 + "1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        if self.path.startswith("/api/"):
            here = [(path.name, path.stat().st_size) for path in sorted(self.folder.iterdir())]
            tree = [{"type": "file", "path": name, "size": size, "oid": f"{size:040}"} for name, size in here]
            model = {"id": "someone/foley", "sha": self.commit, "siblings": [{"rfilename": name} for name, _ in here]}
            data = json.dumps(tree if "/tree/" in self.path else model).encode()
            self._head(len(data), "application/json")
            self.wfile.write(data if body else b"")
            return
        data = (self.folder / self.path.rsplit("/", 1)[1]).read_bytes()
        self._head(len(data), "application/octet-stream")
        if body:
            self.wfile.write(data[: len(data) // 2] if self.broken and len(data) > 10_000 else data)
            self.close_connection = True

    def _head(self, size: int, kind: str) -> None:
        self.send_response(200)
        for name, value in {
            "Content-Length": str(size),
            "Content-Type": kind,
            "ETag": f'"{size}"',
            "X-Repo-Commit": self.commit,
        }.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def lost_hub(foley: Foley) -> list[str]:
    """The hub breaks off in mid-download: one sentence, nothing taken for whole; and the next time all is well."""
    with tempfile.TemporaryDirectory() as folder:
        _Hub.folder = tiny_checkpoint(Path(folder) / "tiny")
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Hub) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            import huggingface_hub
            from huggingface_hub import constants

            home = f"http://127.0.0.1:{server.server_address[1]}"

            def fetched(*arguments: Any, **settings: Any) -> str:
                cache = Path(folder) / "cache"
                return download(*arguments, **settings, endpoint=home, cache_dir=cache, etag_timeout=3)

            download = huggingface_hub.snapshot_download
            faults = []
            with (
                mock.patch.object(huggingface_hub, "snapshot_download", fetched),
                mock.patch.object(constants, "ENDPOINT", home),
                mock.patch.object(constants, "HUGGINGFACE_CO_URL_TEMPLATE", home + _FILES),
            ):
                _Hub.broken = True
                try:
                    Foley.from_pretrained(find_checkpoint("someone/foley"), "cpu")
                    faults.append("lost hub: half a download was taken for whole")
                except CheckpointError as error:
                    if "\n" in str(error) or "could not be had" not in str(error):
                        faults.append(f"lost hub: no clear sentence: {error}")
                _Hub.broken = False
                try:
                    again = Foley.from_pretrained(find_checkpoint("someone/foley"), "cpu")
                    if again.name.split("@")[1] != checkpoint_hash(_Hub.folder):
                        faults.append("lost hub: what came the second time is another model")
                except CheckpointError as error:
                    faults.append(f"lost hub: it does not recover: {error}")
            server.shutdown()
        return faults
