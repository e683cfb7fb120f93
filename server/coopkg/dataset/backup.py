"""Backups of a data directory: one tar file with the journal, the tokens and a manifest of their SHA-256."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from coopkg.dataset import tokens
from coopkg.dataset.commit_log import CommitLog, canonical_digest, read_dataset
from coopkg.dataset.data_directory import LOCK, lock_data_directory
from coopkg.dataset.durable_files import NEW, flush_folder, replacing
from coopkg.dataset.history import History
from coopkg.dataset.journal import NAME
from coopkg.dataset.journal_format import now
from coopkg.errors import DatasetBroken, HomeInUse, InputUnreadable, StorageExceeded, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.settings import Settings

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_CHUNK: Final = 1024 * 1024


def back_up(settings: Settings, home: Path, target: Path) -> dict[str, Any]:
    """Write a backup of the directory, which may be in use, and return its manifest.

    It has every commit that was acknowledged before it began, each of which is checked. Its manifest has the SHA-256 of
    the dataset's canonical N-Quads, published files included, and says which record the journal ends with. Raises
    DatasetBroken, and StorageExceeded where ``target`` cannot be written.
    """
    path = home / NAME
    with closing(History(path)) as history:
        last, head = history.origin, history.head
        for record in history.records():
            last = record.place
    dataset = read_dataset(settings, last.version)
    secrets = (home / tokens.NAME).read_bytes() if (home / tokens.NAME).exists() else None
    with path.open("rb") as journal:
        # The file only grows, so its beginning up to the last whole record is a valid journal, whatever is appended
        # now.
        files = {NAME: _digest(journal, last.end)}
        if secrets is not None:
            files[tokens.NAME] = hashlib.sha256(secrets).hexdigest()
        manifest = {
            "format": FORMAT, "time": now(), "version": last.version, "commit": last.id, "digest": last.digest,
            "end": last.end, "base": head.base, "seed": head.seed, "dataset": canonical_digest(dataset.store),
            "files": files,
        }  # fmt: skip
        journal.seek(0)
        with replacing(target) as file, tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            text = json.dumps(manifest, indent=1).encode()
            _add(archive, MANIFEST, io.BytesIO(text), len(text))
            _add(archive, NAME, journal, last.end)
            if secrets is not None:
                _add(archive, tokens.NAME, io.BytesIO(secrets), len(secrets))
    return manifest


def _digest(file: BinaryIO, size: int) -> str:
    """Return the SHA-256 of the first bytes of a file."""
    digest = hashlib.sha256()
    while size > 0 and (data := file.read(min(size, _CHUNK))):
        digest.update(data)
        size -= len(data)
    return digest.hexdigest()


def _add(archive: tarfile.TarFile, name: str, data: BinaryIO, size: int) -> None:
    member = tarfile.TarInfo(name)
    # The tokens are in it: unpacked by hand, its files are still the owner's alone.
    member.size, member.mode = size, 0o600
    archive.addfile(member, data)


def restore(settings: Settings, home: Path, source: Path) -> tuple[dict[str, Any], bool]:
    """Restore a backup as the directory ``home``, which is empty or does not exist yet, whole or not at all.

    Returns its manifest, and whether the dataset has the same content: it has another one where the published files
    have changed since. Raises InputUnreadable for a file that is no whole backup, DatasetBroken for a damaged one or
    one without its last commits, HomeInUse for a directory that is in use or not empty, StorageExceeded.
    """
    home = home.resolve()
    if home.is_mount():
        raise UsageError(f"{home} is a mount point, and cannot appear in one piece; name a folder in it.")
    _check_empty(home)
    # Filled beside its place, and renamed when it is whole: whatever happens meanwhile, there is nothing in its place
    # that a server could start with.
    new = home.with_name(f"{home.name}{NEW}")
    try:
        _begin(new)
        try:
            manifest = _fill(new, source)
            same = _check(replace(settings, home=new), manifest)
            flush_folder(new)
            _check_empty(home)
            _put_in_place(new, home)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
    except OSError as error:
        raise StorageExceeded(f"{home} cannot be written: {error.strerror}. Nothing was restored.") from None
    return manifest, same


def _begin(new: Path) -> None:
    """Make an empty directory, locked against another restore. Raises HomeInUse, OSError."""
    existed = new.exists()  # left by one that was killed
    try:
        lock_data_directory(new)
    except OSError:
        if not existed and new.exists():
            shutil.rmtree(new, ignore_errors=True)
        raise
    for entry in new.iterdir():
        if entry.name != LOCK:
            entry.unlink()


def _put_in_place(new: Path, home: Path) -> None:
    """Rename a directory to one that is empty or does not exist. Raises OSError; there is none then, or it is empty."""
    (home / LOCK).unlink(missing_ok=True)
    new.rename(home)
    try:
        flush_folder(home.parent)
    except OSError:
        # Whether it would be there after a power failure is not known, so it must not be there now.
        shutil.rmtree(home)
        raise


def _check_empty(home: Path) -> None:
    """Check that nobody uses a directory and that nothing but a lock file is in it. Raises HomeInUse."""
    if not home.exists():
        return
    if any(entry.name != LOCK for entry in home.iterdir()):
        raise HomeInUse(f"The data directory {home} is not empty; a backup is restored into an empty one.")
    if (home / LOCK).exists():
        lock_data_directory(home)


def _fill(home: Path, source: Path) -> dict[str, Any]:
    """Write the files of a backup into a directory, and return its manifest. Raises InputUnreadable, DatasetBroken."""
    try:
        with tarfile.open(source, mode="r:") as archive:
            member = archive.extractfile(MANIFEST)
            manifest: dict[str, Any] = json.loads(member.read() if member is not None else b"")
            if manifest["format"] != FORMAT:
                raise InputUnreadable(
                    f"{source}: the backup has format {manifest['format']}, and this coopkg reads {FORMAT}."
                )
            # By name, and none but these two: a tar file may hold "../" paths, links and devices.
            for name in sorted({NAME, *manifest["files"]} & {NAME, tokens.NAME}):
                _extract(archive, name, home, manifest["files"][name], source)
    except (tarfile.TarError, KeyError, ValueError, TypeError, AttributeError):
        raise InputUnreadable(f"{source}: this is not a complete backup of coopkg.") from None
    return manifest


def _extract(archive: tarfile.TarFile, name: str, home: Path, expected: str, source: Path) -> None:
    member = archive.extractfile(name)
    if member is None:
        raise KeyError(name)
    digest = hashlib.sha256()
    with replacing(home / name) as file:
        while data := member.read(_CHUNK):
            digest.update(data)
            file.write(data)
        if digest.hexdigest() != expected:
            raise DatasetBroken(f"{source}: {name} is damaged; nothing was restored.")


def _check(settings: Settings, manifest: dict[str, Any]) -> bool:
    """Replay the whole journal of a restored directory, and write a snapshot file, so that the first start is quick.

    Returns whether the dataset is the one that was backed up. Raises DatasetBroken where the journal does not end as
    the manifest says.
    """
    log = CommitLog.open(replace(settings, entailment="none"), replay=True)
    with closing(log):
        place = log.place
        if (place.version, place.id) != (manifest["version"], manifest["commit"]) or manifest.get(
            "digest", place.digest
        ) != place.digest:
            raise DatasetBroken(
                f"The journal in the backup ends at version {place.version}, and its manifest says"
                f" {manifest['version']}: the backup was shortened. Nothing was restored."
            )
        log.write_snapshot()
        return canonical_digest(log.dataset.store) == str(manifest["dataset"])
