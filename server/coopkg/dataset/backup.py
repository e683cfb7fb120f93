"""Backups of a data directory: one tar file with the journal, the tokens and a manifest of their SHA-256."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any, Final

from coopkg.dataset import tokens
from coopkg.dataset.commit_log import canonical_digest, read_dataset
from coopkg.dataset.data_directory import LOCK, lock_data_directory
from coopkg.dataset.journal import NAME, History, now, write_whole
from coopkg.errors import DatasetBroken, HomeInUse, InputUnreadable

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.settings import Settings

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"


def back_up(settings: Settings, home: Path, target: Path) -> dict[str, Any]:
    """Write a backup of the directory, which may be in use, and return its manifest.

    It has every commit that was acknowledged before it began. Its manifest has the SHA-256 of the dataset's canonical
    N-Quads, published files included. Raises DatasetBroken, and StorageExceeded where ``target`` cannot be written.
    """
    path = home / NAME
    history = History(path)
    history.refresh()
    with path.open("rb") as file:
        # The file only grows, so its beginning up to the last whole record is a valid journal, whatever is appended
        # now.
        members = {NAME: file.read(history.end)}
    if (home / tokens.NAME).exists():
        members[tokens.NAME] = (home / tokens.NAME).read_bytes()
    dataset = read_dataset(settings, history.version)
    manifest = {
        "format": FORMAT, "time": now(), "version": history.version, "commit": history.last_id,
        "base": history.head.base, "seed": history.head.seed, "dataset": canonical_digest(dataset.store),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in members.items()},
    }  # fmt: skip
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in {MANIFEST: json.dumps(manifest, indent=1).encode(), **members}.items():
            member = tarfile.TarInfo(name)
            # The tokens are in it: unpacked by hand, its files are still the owner's alone.
            member.size, member.mode = len(data), 0o600
            archive.addfile(member, io.BytesIO(data))
    write_whole(target, buffer.getvalue())
    return manifest


def restore(settings: Settings, home: Path, source: Path) -> tuple[dict[str, Any], bool]:
    """Restore a backup into an empty directory; return its manifest, and whether the dataset has the same content.

    It has another one where the published files have changed since. Raises InputUnreadable for a file that is no whole
    backup, DatasetBroken for a damaged one, HomeInUse for a directory that is in use or not empty.
    """
    # Locked while it is filled: a server that starts meanwhile would begin a journal of its own.
    lock_data_directory(home)
    if any(entry.name != LOCK for entry in home.iterdir()):
        raise HomeInUse(f"The data directory {home} is not empty; a backup is restored into an empty one.")
    manifest, members = _read(source)
    for name in sorted(members, reverse=True):  # the journal last: a directory without one counts as empty
        write_whole(home / name, members[name])
    dataset = read_dataset(settings)
    return manifest, canonical_digest(dataset.store) == manifest["dataset"]


def _read(source: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read a backup into its manifest and its members by name, and check their SHA-256 before anything is written."""
    try:
        with tarfile.open(source, mode="r:") as archive:
            contents = {
                m.name: file.read() for m in archive if m.isreg() and (file := archive.extractfile(m)) is not None
            }
        manifest: dict[str, Any] = json.loads(contents[MANIFEST])
        if manifest["format"] != FORMAT:
            raise InputUnreadable(
                f"{source}: the backup has format {manifest['format']}, and this coopkg reads {FORMAT}."
            )
        # By name, and none but these two: a tar file may hold "../" paths, links and devices.
        members = {name: contents[name] for name in manifest["files"] if name in {NAME, tokens.NAME}}
    except (tarfile.TarError, KeyError, ValueError, TypeError):
        raise InputUnreadable(f"{source}: this is not a complete backup of coopkg.") from None
    for name, data in members.items():
        if hashlib.sha256(data).hexdigest() != manifest["files"][name]:
            raise DatasetBroken(f"{source}: {name} is damaged; nothing was restored.")
    return manifest, members
