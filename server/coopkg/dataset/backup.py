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
    """Write a backup of the directory, which may be in use meanwhile, and give its manifest. Raises DatasetBroken.

    It has every commit that was acknowledged before it began. Its manifest has the SHA-256 of the dataset's canonical
    N-Quads, published files included.
    """
    path = home / NAME
    history = History(path)
    history.refresh()
    with path.open("rb") as file:
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
            member.size, member.mode = len(data), 0o600
            archive.addfile(member, io.BytesIO(data))
    write_whole(target, buffer.getvalue())
    return manifest


def restore(settings: Settings, home: Path, source: Path) -> tuple[dict[str, Any], bool]:
    """Put a backup into an empty directory; return its manifest, and whether the dataset is the one that it was.

    It is not where the published files have changed since. Raises InputUnreadable for what is no whole backup,
    DatasetBroken for a damaged one, HomeInUse for a directory that is not empty.
    """
    lock_data_directory(home)
    if any(entry.name != LOCK for entry in home.iterdir()):
        raise HomeInUse(f"The data directory {home} is not empty; a backup is restored into an empty one.")
    manifest, members = _read(source)
    for name in sorted(members, reverse=True):  # the journal last: a directory without one is an empty one
        write_whole(home / name, members[name])
    dataset = read_dataset(settings)
    return manifest, canonical_digest(dataset.store) == manifest["dataset"]


def _read(source: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    try:
        with tarfile.open(source, mode="r:") as archive:
            found = {m.name: file.read() for m in archive if m.isreg() and (file := archive.extractfile(m)) is not None}
        manifest: dict[str, Any] = json.loads(found[MANIFEST])
        if manifest["format"] != FORMAT:
            raise InputUnreadable(f"{source}: the backup has format {manifest['format']}, and {FORMAT} is known here.")
        members = {name: found[name] for name in manifest["files"] if name in {NAME, tokens.NAME}}
    except (tarfile.TarError, KeyError, ValueError, TypeError):
        raise InputUnreadable(f"{source}: this is no whole backup of coopkg.") from None
    for name, data in members.items():
        if hashlib.sha256(data).hexdigest() != manifest["files"][name]:
            raise DatasetBroken(f"{source}: {name} is damaged; nothing was restored.")
    return manifest, members
