"""Where a bundle is read from: a folder or a .zip of it, trusted in nothing."""

from __future__ import annotations

import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from leads.exchange.bundle.files import FILES, WORKSPACE
from leads.exchange.bundle.problems import BundleError

MAX_FILE_SIZE = 2_000_000_000 - 1
MAX_ZIP_SIZE = 10_000_000_000
MAX_RATIO = 100
RATIO_FROM = 1_000_000  # smaller files may shrink as they like
BUFFER = 1 << 20
KNOWN = (WORKSPACE, *(file.name for file in FILES))
UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)  # what zipfile raises


class Source:
    """The files of one bundle, by name."""

    def __init__(self, openers: dict[str, Callable[[], IO[bytes]]]) -> None:
        self._openers = openers
        if WORKSPACE not in openers:
            raise BundleError([f"{WORKSPACE} is missing: this is not a bundle"])

    def has(self, name: str) -> bool:
        return name in self._openers

    def open(self, name: str) -> io.BufferedReader:
        try:
            return io.BufferedReader(cast(io.RawIOBase, self._openers[name]()), BUFFER)
        except UNREADABLE as error:
            raise BundleError([f"{name}: cannot be read ({error})"]) from error


@contextmanager
def open_source(path: Path, max_file_size: int = MAX_FILE_SIZE) -> Iterator[Source]:
    """Open a folder or zip after refusing what no bundle contains."""
    if path.is_dir():
        yield Source(_folder(path, max_file_size))
    elif not path.exists():
        raise BundleError([f"{path}: no such file or folder"])
    else:
        with _zip(path) as archive:
            yield Source(_members(archive, max_file_size))


def _folder(path: Path, limit: int) -> dict[str, Callable[[], IO[bytes]]]:
    openers: dict[str, Callable[[], IO[bytes]]] = {}
    for entry in sorted(path.iterdir()):
        if _is_litter(PurePosixPath(entry.name)):
            continue
        if entry.is_symlink():
            raise BundleError([f"{entry.name}: links are refused"])
        if not entry.is_file():
            raise BundleError([f"{entry.name}: only files belong in a bundle"])
        _check_known(entry.name)
        _check_size(entry.name, entry.stat().st_size, limit)
        openers[entry.name] = lambda entry=entry: entry.open("rb", buffering=0)  # type: ignore[misc]
    return openers


@contextmanager
def _zip(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except UNREADABLE as error:
        raise BundleError([f"{path.name}: not a folder and not a readable zip ({error})"]) from error
    with archive:
        yield archive


def _members(archive: zipfile.ZipFile, limit: int) -> dict[str, Callable[[], IO[bytes]]]:
    members = [member for member in archive.infolist() if not _is_litter(PurePosixPath(member.filename))]
    for member in members:
        _check_member(member, limit)
    if sum(member.file_size for member in members) > MAX_ZIP_SIZE:
        raise BundleError([f"the zip unpacks to more than {MAX_ZIP_SIZE:,} bytes"])
    openers: dict[str, Callable[[], IO[bytes]]] = {}
    for member, name in _without_top(members):
        _check_known(name)
        if name in openers:
            raise BundleError([f"{name}: is in the zip twice"])
        openers[name] = lambda member=member: archive.open(member)  # type: ignore[misc]
    return openers


def _check_member(member: zipfile.ZipInfo, limit: int) -> None:
    name = member.filename
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.orig_filename or ":" in name:
        raise BundleError([f"{name}: a path that leads out of the bundle is refused"])
    if stat.S_ISLNK(member.external_attr >> 16):
        raise BundleError([f"{name}: links are refused"])
    if member.flag_bits & 1:
        raise BundleError([f"{name}: is encrypted"])
    _check_size(name, member.file_size, limit)
    if member.file_size > max(RATIO_FROM, MAX_RATIO * member.compress_size):
        raise BundleError([f"{name}: unpacks to more than {MAX_RATIO} times its size, as a zip bomb does"])


def _without_top(members: list[zipfile.ZipInfo]) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Yield the files with their names inside the one top folder, if there is one."""
    tops = {PurePosixPath(member.filename).parts[0] for member in members}
    top = next(iter(tops)) if len(tops) == 1 else None
    for member in members:
        path = PurePosixPath(member.filename)
        if member.is_dir() and len(path.parts) == 1 and top:
            continue
        yield member, str(path.relative_to(top)) if top and len(path.parts) > 1 else member.filename


def _check_known(name: str) -> None:
    if name not in KNOWN:
        raise BundleError([f"{name}: no such file in a bundle (there are {', '.join(KNOWN)})"])


def _check_size(name: str, size: int, limit: int) -> None:
    if size > limit:
        raise BundleError([f"{name}: has {size:,} bytes, and {limit:,} are the most that is read"])


def _is_litter(path: PurePosixPath) -> bool:
    """Tell what macOS leaves in every folder and zip."""
    return path.name == ".DS_Store" or "__MACOSX" in path.parts[:1]
