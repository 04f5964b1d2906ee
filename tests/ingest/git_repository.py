"""A Git repository to be read: made with Git's own command, whatever the machine's user has configured."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class Repository:
    def __init__(self, folder: Path, *, branch: str = "main") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", f"--initial-branch={branch}")
        self.git("config", "uploadpack.allowFilter", "true")

    def git(self, *words: str, data: bytes | None = None) -> str:
        """What it says. Raises where it fails."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _PERSON.items()},
        }
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=environment, input=data, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def write(self, files: dict[str, str | bytes]) -> None:
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self, files: dict[str, str | bytes] | None = None) -> str:
        """All that lies in the work tree, and these files too; the commit's id."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")
        return self.git("rev-parse", "HEAD")

    def commit_tree(self, entries: list[tuple[str, str, bytes]]) -> str:
        """A commit of `(mode, object id, raw name)` entries, which no work tree could hold."""
        listing = b"".join(
            f"{mode} {'commit' if mode == '160000' else 'tree' if mode == '040000' else 'blob'} {oid}\t".encode()
            + name
            + b"\0"
            for mode, oid, name in entries
        )
        tree = self.git("mktree", "-z", "--missing", data=listing)
        commit = self.git("commit-tree", tree, "-m", "raw")
        self.git("update-ref", "refs/heads/main", commit)
        return commit

    def blob(self, data: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", data=data)


_PERSON = {"NAME": "A", "EMAIL": "a@example.invalid", "DATE": "2026-01-01T00:00:00Z"}
