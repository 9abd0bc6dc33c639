"""Whatever a student's folder holds, reading it ends soon, follows no link, and says what was left out."""

import io
import os
import socket
import struct
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader import utils
from nbgrader.utils import find_all_files

from autograder.nbgrader import submitted_files
from autograder.nbgrader.submitted_files import (
    MAX_BYTES,
    MAX_FILES,
    OVER_LIMIT,
    SubmittedFiles,
    is_ignored,
    read_folder,
    with_notebooks_found,
)

IGNORE = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback"]


def test_regular_files_are_read_and_patterns_are_left_out(tmp_path: Path) -> None:
    for name in ("one.ipynb", "data/table.csv", ".hidden", "x.pyc", "__pycache__/y", ".ipynb_checkpoints/one.ipynb", "é ü/名.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    read = read_folder(tmp_path, IGNORE)
    assert read.files == {name: name.encode() for name in ("one.ipynb", "data/table.csv", ".hidden", "é ü/名.txt")}
    assert next(iter(read.files)) == "one.ipynb"
    assert {tmp_path / name for name in read.files} == {*map(Path, find_all_files(str(tmp_path), IGNORE))}
    assert read.left_out_sentences() == []


def test_what_is_no_file_is_named_and_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the solutions")
    folder = tmp_path / "submitted"
    folder.mkdir()
    os.mkfifo(folder / "timestamp.txt")  # opening it would wait for good
    (folder / "link.txt").symlink_to(secret)
    (folder / "zero").symlink_to("/dev/zero")
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    (folder / "ring").symlink_to("ring")
    (folder / "one.ipynb").mkdir()
    (folder / "one.ipynb" / "inside.txt").write_text("x")
    with (folder / "holes").open("wb") as file:
        file.truncate(1 << 40)
    here = Path.cwd()
    os.chdir(folder)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.bind("socket")
    finally:
        os.chdir(here)
    (folder / os.fsdecode(b"\xff.txt")).write_text("x")
    read = read_folder(folder, IGNORE, ["one.ipynb", "timestamp.txt"])
    assert read.files == {"one.ipynb/inside.txt": b"x"}
    assert {name: reason.split()[-1] for name, reason in read.left_out.items()} == {
        "timestamp.txt": "pipe", "link.txt": "link", "zero": "link", "up": "link", "ring": "link", "one.ipynb": "folder",
        "holes": "all)", "socket": "socket", "?.txt": "UTF-8",
    }  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_not_read(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "timestamp.txt", 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("not even root makes devices here")
    assert read_folder(tmp_path).left_out == {"timestamp.txt": "is a device"}


def test_a_folder_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "one.ipynb").write_text("solutions")
    (tmp_path / "ps").symlink_to("source", target_is_directory=True)
    assert read_folder(tmp_path / "ps").contents == {".": None}
    with pytest.raises(FileNotFoundError):
        read_folder(tmp_path / "gone")


def test_too_many_and_too_large_cost_the_rest_only(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 50):
        (tmp_path / f"a{number:05d}").touch()
    (tmp_path / "one.ipynb").write_text("{}")
    with (tmp_path / "b.bin").open("wb") as file:
        file.truncate(MAX_BYTES)
    deep = tmp_path
    for _ in range(25):
        deep = deep / ("d" * 90)
    deep.mkdir(parents=True)
    start = time.process_time()
    read = read_folder(tmp_path, IGNORE, ["one.ipynb"])
    assert time.process_time() - start < 5
    assert read.files["one.ipynb"] == b"{}"
    assert len(read.files) == MAX_FILES
    assert read.left_out["b.bin"]
    assert len(read.left_out_sentences()) == 21
    assert not any("'b.bin'" in sentence for sentence in read.left_out_sentences(except_for=["b.bin"]))


def test_time_grows_with_the_number_of_files_and_no_faster(tmp_path: Path) -> None:
    took = []
    for count in (2_000, 16_000):
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            (folder / f"{number}").touch()
        start = time.process_time()
        read_folder(folder, IGNORE)
        took.append(time.process_time() - start)
    assert took[1] < 30 * took[0]  # eight times as many; the square would be sixty-four


@settings(deadline=None)
@given(st.text("ab.*?", min_size=1, max_size=6), st.text("ab.", min_size=1, max_size=6))
def test_patterns_mean_what_they_mean_to_nbgrader(pattern: str, name: str) -> None:
    import tempfile

    if name in (".", "..") or set(pattern) <= {"."}:
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).touch()
        assert is_ignored(name, [pattern]) == utils.is_ignored(str(Path(folder, name)), [pattern])


def zipped(members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("handed_in", "found"),
    [
        ({"ps1.ipynb.json": b"x"}, {"ps1.ipynb": b"x"}),
        ({"ps1.ipynb.txt": b"x"}, {"ps1.ipynb": b"x"}),
        ({"ps1.IPYNB": b"x"}, {"ps1.ipynb": b"x"}),
        ({"ps1.ipynb": b"x", "ps1.ipynb.json": b"y"}, {"ps1.ipynb": b"x", "ps1.ipynb.json": b"y"}),
        ({"ps1/ps1.ipynb": b"x", "ps1/a.ipynb": b"z"}, {"ps1.ipynb": b"x", "ps1/a.ipynb": b"z"}),
        ({"week/ps1 (1).ipynb": b"x"}, {"ps1 (1).ipynb": b"x"}),
        ({"ps1.zip": zipped({"ps1/ps1.ipynb": "x", "ps1/data.csv": "1", "../out": "2", "/abs": "3"})}, {"ps1.ipynb": b"x", "ps1/data.csv": b"1"}),
        ({"ps1.zip": b"no zip"}, {}),
        ({"a.zip": zipped({"ps1.ipynb": "x"}), "ps1.ipynb": b"y"}, {"ps1.ipynb": b"y"}),
    ],
)  # fmt: skip
def test_notebooks_are_found_under_what_browsers_and_archives_make_of_them(
    tmp_path: Path, handed_in: dict[str, bytes], found: dict[str, bytes]
) -> None:
    for name, content in handed_in.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    read = with_notebooks_found(read_folder(tmp_path, IGNORE, ["ps1.ipynb"]), ["ps1"])
    assert {name: content for name, content in read.files.items() if not name.endswith(".zip")} == found
    renamed = set(found) - set(handed_in)
    assert all(any(name in note or "unpacked" in note for note in read.notes) for name in renamed)


def test_a_zip_bomb_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "ps1.zip").write_bytes(zipped({"ps1.ipynb": "{}", "bomb": "0" * (MAX_BYTES + 1)}))
    read = with_notebooks_found(read_folder(tmp_path), ["ps1"])
    assert read.files["ps1.ipynb"] == b"{}"
    assert read.left_out == {"bomb": OVER_LIMIT}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_torn_zip_file_stops_nobody(method: int, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("ps1.ipynb", "{}" * 200)
        archive.writestr("data.csv", "1,2\n" * 200)
    torn = bytearray(buffer.getvalue())
    for place in data.draw(st.lists(st.integers(0, len(torn) - 1), min_size=1, max_size=6)):
        torn[place] = data.draw(st.integers(0, 255))
    read = with_notebooks_found(SubmittedFiles({"ps1.zip": bytes(torn)}), ["ps1"])
    assert read.notes


@pytest.mark.parametrize(("place", "value"), [(6, 99), (8, 1), (10, 97), (42, 255)])
def test_a_zip_file_of_another_kind_stops_nobody(place: int, value: int) -> None:
    odd = bytearray(zipped({"ps1.ipynb": "{}"}))
    odd[odd.rindex(b"PK\x01\x02") + place] = value  # its version, that it is encrypted, its method, where it begins
    read = with_notebooks_found(SubmittedFiles({"ps1.zip": bytes(odd)}), ["ps1"])
    assert read.notes
    assert "ps1.ipynb" not in read.files


def test_a_thousand_members_that_share_their_bytes_cost_no_more_than_two() -> None:
    one = zipped({"bomb": "0" * 60_000_000})
    central, end = one.rindex(b"PK\x01\x02"), one.rindex(b"PK\x05\x06")
    entry = bytearray(one[central:end])
    entry[16] ^= 1  # a wrong checksum: each is read to its end, and none is taken in
    entries = b"".join(bytes(entry).replace(b"bomb", b"%04d" % number) for number in range(1000))
    directory = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1000, 1000, len(entries), central, 0)
    many = one[:central].replace(b"bomb", b"0000") + entries + directory
    start = time.process_time()
    read = with_notebooks_found(SubmittedFiles({"ps1.zip": many}), ["ps1"])
    assert time.process_time() - start < 5
    assert list(read.files) == ["ps1.zip"]


def test_folders_without_end_are_not_all_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        (tmp_path / f"{number:02}" / "in").mkdir(parents=True)
    looked: list[object] = []
    scan = os.scandir
    monkeypatch.setattr(submitted_files, "MAX_ENTRIES", 20)
    monkeypatch.setattr(submitted_files.os, "scandir", lambda path: (looked.append(path), scan(path))[1])
    read_folder(tmp_path)
    assert len(looked) <= 20
