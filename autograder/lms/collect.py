"""`leftcontext collect`: the submissions of a zip file that Canvas, Moodle or Gradescope made, put where nbgrader looks for them.

What such files are called:
Canvas: `lovelaceada_[LATE_]USER_ATTACHMENT_NAME`, flat (https://github.com/instructure/canvas-lms/blob/master/lib/content_zipper.rb).
Moodle: `Ada Lovelace_PARTICIPANT_assignsubmission_file_/NAME`, or the same without a folder
(https://docs.moodle.org/en/Assignment_settings, "Download all submissions").
Gradescope: `assignment_N_export/submission_N/NAME`, and submission_metadata.yml, which says whose each is.
"""

from __future__ import annotations

import re
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.course.roster import NAME
from autograder.errors import UserError
from autograder.nbgrader.submitted_files import MAX_BYTES, MAX_ENTRIES, MAX_FILES, MAX_NAME, MAX_PATH, is_notebook
from autograder.student import Student

CANVAS = re.compile(r"(?P<name>[^/]*?)_(?P<late>LATE_)?(?P<user>\d+)_(?P<attachment>\d+)_(?P<file>[^/]+)")
# No system leaves a number between underscores in a person's name. A student's file may hold one, and be called like another
# one's submission: the first number counts.
MOODLE = re.compile(r"(?P<name>[^/]*?)_(?P<user>\d+)_assignsubmission_(?P<kind>file|onlinetext)(?:_/?|/)(?P<file>.+)")
GRADESCOPE = re.compile(r"(?:[^/]+/)?(?P<folder>submission_\d+)/(?P<file>.+)")
TIMESTAMP = "timestamp.txt"
METADATA = "submission_metadata.yml"
MAX_METADATA = 32 * 2**20
COPY = re.compile(r"(?P<stem>.+?)(?:-\d+| ?\(\d+\))(?P<ending>\.[A-Za-z0-9.]+)$")  # what Canvas and browsers make of a second try


class CannotCollect(UserError):
    """A zip file from which nothing can be collected; the message says why."""


@dataclass(frozen=True)
class Handed:
    """A member of the archive, and whose it is as the archive says it."""

    member: zipfile.ZipInfo
    key: str  # of the submission: one folder, or one number of the user
    file: str  # its name as the student gave it
    name: str = ""
    lms_id: str = ""
    is_late: bool = False


@dataclass
class Submission:
    """All files of one student's submission, by the name they get."""

    student: str
    members: dict[str, Handed] = field(default_factory=dict)
    submitted_at: datetime | None = None


@dataclass
class Collected:
    """What is done with an archive: who handed in what, and sentences on all that is not taken as it stands."""

    system: str
    submissions: list[Submission] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_archive(archive: zipfile.ZipFile, students: Sequence[Student], released: Iterable[str]) -> Collected:
    """Whose the members are. `released` are names of notebooks, without ending. Raises CannotCollect."""
    members = _members(archive)
    system, handed, notes, times, owners = _recognise(archive, members)
    found = Collected(system, notes=notes)
    by_key: dict[str, list[Handed]] = {}
    for one in handed:
        by_key.setdefault(one.key, []).append(one)
    whose = owners(by_key, students, found)
    for key, files in by_key.items():
        for student in whose[key]:
            submission = Submission(student, submitted_at=times.get(key))
            _name_files(submission, files, set(released), found)
            found.submissions.append(submission)
    _merge_double(found)
    return found


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_ENTRIES * 10:
        raise CannotCollect(f"The zip file has {len(members):,} files; that is no class's.")
    return [member for member in members if "__MACOSX" not in member.filename.split("/")]


Owners = Callable[[dict[str, list[Handed]], Sequence[Student], Collected], dict[str, list[str]]]


def _recognise(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]
) -> tuple[str, list[Handed], list[str], dict[str, datetime], Owners]:
    """Which system made the archive: the one whose names most files have. Raises CannotCollect."""
    metadata = next(filter(_is_metadata, members), None)
    if metadata is not None:
        handed, notes = _matching(members, GRADESCOPE, except_for=metadata)
        about = _metadata(archive, metadata)
        times = {key: at for key, fields in about.items() if (at := _moment(fields.get(":created_at"))) is not None}

        def submitters(by_key: dict[str, list[Handed]], students: Sequence[Student], found: Collected) -> dict[str, list[str]]:
            return {key: _submitters(about, key, files, students, found) for key, files in by_key.items()}

        return "Gradescope", handed, notes, times, submitters
    moodle, canvas = _matching(members, MOODLE), _matching(members, CANVAS)
    if not moodle[0] and not canvas[0]:
        raise CannotCollect(
            "The zip file is of none of the three kinds that are known: no file is called as Canvas or Moodle call "
            f"submissions, and Gradescope's {METADATA} is not in it. `nbgrader zip_collect` takes other names."
        )
    system, (handed, notes) = ("Moodle", moodle) if len(moodle[0]) >= len(canvas[0]) else ("Canvas", canvas)
    return system, handed, notes, {}, _users


def _is_metadata(member: zipfile.ZipInfo) -> bool:
    """Whether it is Gradescope's own list. A student's file may have that name: it lies in the folder of a submission."""
    name = member.filename.replace("\\", "/")
    is_handed_in = any(pattern.fullmatch(name) for pattern in (GRADESCOPE, MOODLE, CANVAS))
    return PurePosixPath(name).name == METADATA and name.count("/") <= 1 and not is_handed_in


def _matching(
    members: list[zipfile.ZipInfo], pattern: re.Pattern[str], except_for: zipfile.ZipInfo | None = None
) -> tuple[list[Handed], list[str]]:
    found, notes = [], []
    for member in members:
        name = member.filename.replace("\\", "/")
        if member is except_for:
            continue
        if (match := pattern.fullmatch(name)) is None:
            notes.append(f"{name[:200]!r} is called like no submission; it was left out.")
            continue
        parts = match.groupdict()
        key = parts.get("folder") or parts["user"]
        is_late = bool(parts.get("late"))
        found.append(Handed(member, key, parts["file"], parts.get("name") or "", parts.get("user") or "", is_late))
    return found, notes


def _metadata(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> dict[str, dict[str, Any]]:
    """Gradescope's own words on each submission, by folder. Raises CannotCollect."""
    import yaml

    if member.file_size > MAX_METADATA:
        raise CannotCollect(f"{METADATA} is too large.")

    class Loader(yaml.SafeLoader):
        """Ruby's own kinds of hashes and times are read as what they are made of."""

    Loader.add_multi_constructor("!ruby/", _plain)
    try:
        about = yaml.load(archive.read(member), Loader=Loader)
    except Exception as error:
        raise CannotCollect(f"{METADATA} can't be read: {type(error).__name__}.") from None
    if not isinstance(about, dict):
        raise CannotCollect(f"{METADATA} does not list submissions.")
    return {str(key): fields for key, fields in about.items() if isinstance(fields, dict)}


def _plain(loader: Any, _: str, node: Any) -> Any:
    kinds = {"mapping": loader.construct_mapping, "sequence": loader.construct_sequence}
    return kinds.get(node.id, loader.construct_scalar)(node)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _submitters(
    about: dict[str, dict[str, Any]], key: str, files: list[Handed], students: Sequence[Student], found: Collected
) -> list[str]:
    """The students of a Gradescope submission; a group hands in one for all."""
    listed = about.get(key, {}).get(":submitters")
    ids = []
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict):
            texts = [str(one[name]) for name in (":sid", ":email") if isinstance(one.get(name), str | int)]
            known = next((id for text in texts if (id := _by_text(students, text))), None)
            if id := known or next((text for text in texts if NAME.fullmatch(text)), None):
                ids.append(id)
                continue
        found.notes.append(f"{key}: {METADATA} names somebody without an SID or an e-mail address; they were left out.")
    if not ids:
        found.notes.append(f"{key}: {METADATA} does not say whose it is; {len(files)} files were left out.")
    return ids


def _by_text(students: Sequence[Student], text: str) -> str | None:
    """Who has this id, e-mail address or number."""
    if not text:
        return None
    return next((one.id for one in students if text in (one.id, one.lms_id) or text.lower() == one.email.lower()), None)


def _users(by_key: dict[str, list[Handed]], students: Sequence[Student], found: Collected) -> dict[str, list[str]]:
    """Whose the submissions of Canvas or Moodle are: by the system's number, else by the name if only one has it.

    Names are chosen by students. Where two users would be one student, none of them is taken for that one by the name.
    """
    firsts = {key: files[0] for key, files in by_key.items()}
    by_number = {one.lms_id: one.id for one in students if one.lms_id}
    sure = {key: by_number[first.lms_id] for key, first in firsts.items() if first.lms_id in by_number}
    named = {key: _of_this_name(first, students) for key, first in firsts.items() if key not in sure}
    claims = Counter([*sure.values(), *(ids[0] for ids in named.values() if len(ids) == 1)])
    whose = {key: [id] for key, id in sure.items()}
    for key, ids in named.items():
        if len(ids) == 1 and claims[ids[0]] == 1:
            whose[key] = ids
            continue
        first, invented = firsts[key], _invented_id(firsts[key], key)
        why = f"{len(ids)} students have the name" if ids else "nobody in the gradebook has the number or the name"
        if len(ids) == 1:
            why = f"{claims[ids[0]]} users have the number or the name of {ids[0]}"
        found.notes.append(f"{first.name!r} ({key}) was taken in as {invented}: {why}. `leftcontext roster` enters a class list.")
        whose[key] = [invented]
    return whose


def _of_this_name(first: Handed, students: Sequence[Student]) -> list[str]:
    """The students with the name of a submission; one alone who was taken in before under the id that is invented for it."""
    invented = _invented_id(first, first.key)
    if any(one.id == invented for one in students):
        return [invented]
    return [one.id for one in students if _squeezed(first.name) in _spellings(one)]


def _invented_id(first: Handed, key: str) -> str:
    """An id for somebody who is in no class list. The system's number makes it their own: others may have the name."""
    name = re.sub(r"[^\w.@-]+", "-", first.name).strip("-._")
    invented = f"{name}-{key}"
    return invented if NAME.fullmatch(invented) else f"user-{key}"


def _squeezed(name: str) -> str:
    """A name as Canvas writes it in files: letters and digits only, in lower case."""
    return re.sub(r"[\W_]+", "", name).lower()


def _spellings(student: Student) -> set[str]:
    if not (student.first_name or student.last_name):
        return {_squeezed(student.id)}
    return {_squeezed(student.sortable_name), _squeezed(student.name)}


def _name_files(submission: Submission, files: list[Handed], released: set[str], found: Collected) -> None:
    """Give each file the name that the student gave it; of two tries at the same notebook the newer one counts."""
    for one in sorted(files, key=lambda one: (one.member.date_time, one.member.filename)):
        name = _relative(one.file)
        if name is None or name == TIMESTAMP:  # nbgrader would believe it
            why = "has a name that can't be used" if name is None else "would say when it was handed in"
            found.notes.append(f"{submission.student}: {one.file[:200]!r} {why}; it was left out.")
            continue
        copy = COPY.fullmatch(name)
        if copy and is_notebook(name) and copy["stem"] in released and PurePosixPath(name).stem not in released:
            name = f"{copy['stem']}.ipynb"
        if name in submission.members:
            older = submission.members[name].file
            found.notes.append(f"{submission.student}: {one.file[:100]!r} replaces {older[:100]!r}, for it is the newer one.")
        submission.members[name] = one


def _relative(name: str) -> str | None:
    """A relative path that stays where it is put; None where a name is no such."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    good = parts and not name.startswith("/") and ".." not in parts and all(map(_is_usable, parts))
    return "/".join(parts) if good and len("/".join(parts).encode()) <= MAX_PATH else None


def _is_usable(part: str) -> bool:
    try:
        return len(part.encode()) <= MAX_NAME and part.isprintable() and ":" not in part
    except UnicodeEncodeError:
        return False


def _merge_double(found: Collected) -> None:
    """One submission a student: what two of them bring is put together, and said."""
    kept: dict[str, Submission] = {}
    for one in found.submissions:
        if one.student in kept:
            found.notes.append(f"{one.student} has two submissions in the zip file; the files of the later one count.")
            first, second = kept[one.student], one
            if first.submitted_at and second.submitted_at and second.submitted_at < first.submitted_at:
                first, second = second, first
            kept[one.student] = Submission(one.student, {**first.members, **second.members}, second.submitted_at)
        else:
            kept[one.student] = one
    found.submissions = list(kept.values())


def contents(archive: zipfile.ZipFile, submission: Submission, notes: list[str]) -> Iterator[tuple[str, bytes]]:
    """The files of a submission, with what they hold; what is too large, a link or torn is named in `notes`."""
    room = MAX_BYTES
    for count, (name, one) in enumerate(submission.members.items()):
        if count >= MAX_FILES:
            notes.append(f"{submission.student}: more than {MAX_FILES:,} files; the rest was left out.")
            return
        problem = _problem(one.member, room)
        content = None if problem else _read(archive, one.member, room)
        if problem or content is None:
            notes.append(f"{submission.student}: {name!r} {problem or 'can not be unpacked'}; it was left out.")
            continue
        room -= len(content)
        yield name, content


def _problem(member: zipfile.ZipInfo, room: int) -> str | None:
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link"
    if member.flag_bits & 1:
        return "is encrypted"
    if member.file_size > room:
        return f"is too large (a submission may have {MAX_BYTES // 2**20} MB in all)"
    return None


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> bytes | None:
    """What a member holds; None where it is torn, or holds more than it says."""
    try:
        with archive.open(member) as file:
            content = file.read(min(room, member.file_size) + 1)
    except Exception:  # torn, or of a kind that this Python can't unpack: each unpacker has errors of its own
        return None
    return content if len(content) == member.file_size else None


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip file. Raises CannotCollect."""
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise CannotCollect(f"{path} can't be read: {error.strerror or error}.") from None
    except Exception:  # zipfile.BadZipFile, and what other torn bytes bring about
        raise CannotCollect(f"{path} is no zip file that can be read.") from None
