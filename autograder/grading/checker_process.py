"""The checker's process: it runs the instructor's tests, and asks the student's process for what they need of it.

The score follows from what the tests do here. A cell of the student's that hangs or crashes is left out, the others are
run again in a new process, and everything else is graded as if it had never been there.
"""

from __future__ import annotations

import base64
import builtins
import contextlib
import importlib
import json
import re
import socket
import sys
from typing import Any

from autograder.grading.ipython_shell import CUT, Output, Shell
from autograder.grading.rpc.calls import Peer
from autograder.grading.rpc.channel import Channel, Gone, OutOfTime, soon
from autograder.grading.rpc.serialize import Uncrossable

MOST_JOB = 1 << 31
SHOWN = ("text/plain", "text/latex", "image/png", "image/jpeg")  # of a student's outputs; HTML could hold a script
MOST_OUTPUTS = 8_000_000  # characters of one cell's outputs
MOST_SHOWN = 40_000_000  # of all cells' together
SLACK = 1.0  # seconds that the grader waits longer anyway
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
# NumPy's ways to write one number: np.float64(2.5), array([3]).
NUMBER = re.compile(r"(?:np\.\w+|array)\(\[*([-+.\w]+)\]*(?:, dtype=\w+)?\)")


def serve(connection: socket.socket, shell: Shell) -> None:
    """Take one job from the grader, do it, and send the result back."""
    line = Channel(connection)
    job = json.loads(line.receive(most=MOST_JOB))
    line.send(json.dumps(Checker(line, shell, job).checked()).encode())


class Checker:
    """One notebook of one student. A job is what `plan.Plan.job` makes."""

    def __init__(self, line: Channel, shell: Shell, job: dict[str, Any]) -> None:
        self.line, self.shell, self.job = line, shell, job
        self.steps: list[dict[str, Any]] = job["steps"]
        self.peer: Peer | None = None
        self.at = 0  # the step that is done
        self.done = 0  # steps that the student's process has behind it
        self.left_out: set[int] = set()
        self.fetched: set[str] = set()  # names of the student's that were brought over
        self.room = MOST_SHOWN
        self.testing = ""
        self.notes: list[str] = []
        self.findings: dict[str, dict[str, Any]] = {}
        self.until = self.known = soon(job["seconds_in_all"])  # `known`: the deadline that the grader knows of
        self._listen()

    def checked(self) -> dict[str, Any]:
        """Outputs for each step that has some, notes for the instructor, and what the judge found."""
        outputs: dict[int, list[Output]] = {}
        for number, step in enumerate(self.steps):
            self.at = number
            match step["do"]:
                case "run":
                    outputs[number] = self._run(number, step["source"])
                    if "given" in step:
                        self._own(step["given"])
                case "test":
                    outputs[number] = self._test(number, step)
                case "own":  # an instructor's cell that a test needs
                    self._own(step["source"])
                case "help":  # an instructor's cell that a test needs and that needs a student's name
                    outputs[number] = self._run(number, step["source"])
                    with contextlib.suppress(Gone):
                        self._help(number, step)
        outputs |= self._together()
        return {"outputs": outputs, "notes": self.notes, "findings": self.findings}

    def _help(self, number: int, step: dict[str, Any]) -> None:
        """Run an instructor's cell here too; not if it never ends there. Raises Gone."""
        if number not in self.left_out:
            self._fetch(step["needs"], before=number + 1)
            self._own(step["ours"])

    def _own(self, source: str) -> None:
        """Run an instructor's cell. What it binds is the instructor's from now on."""
        before = {name: self.shell.user_ns.get(name) for name in self.fetched}
        self.shell.run(source)
        self.fetched -= {name for name, value in before.items() if self.shell.user_ns.get(name) is not value}

    def _together(self) -> dict[int, list[Output]]:
        """The tests that can't be run apart: in a student's process of their own, where nothing can be trusted."""
        tests = [number for number, step in enumerate(self.steps) if step["do"] == "together"]
        outputs = {}
        if tests:
            self._end()
        for number in tests:
            self.at = number
            try:
                outputs[number] = self._given_up() or self._asked("run", self.steps[number]["source"], before=number)
            except Gone as reason:
                outputs[number] = [_error("StudentProcessEnded", self._ended(reason))]
            outputs[number] = _credited(outputs[number], self.steps[number])
        return outputs

    def _run(self, number: int, source: str) -> list[Output]:
        if str(number) in self.job["given_up"]:
            return [self._left_out(number, self.job["given_up"][str(number)])]
        try:
            outputs: list[Output] = self._asked("run", source, before=number)
        except Gone as reason:
            return [self._leave_out(number, reason)]
        self.done = number + 1
        return outputs

    def _leave_out(self, number: int, reason: Gone) -> Output:
        return self._left_out(number, self._ended(reason))

    def _left_out(self, number: int, why: str) -> Output:
        self.left_out.add(number)
        self.notes.append(f"A cell was left out ({_head(self.steps[number]['source'])}): {why}")
        return _error("LeftOut", why)

    def _given_up(self) -> list[Output]:
        """What a test shows that took a checker's process down before."""
        why = self.job["given_up"].get(str(self.at))
        return [_error("GivenUp", why)] if why else []

    def _test(self, number: int, step: dict[str, Any]) -> list[Output]:
        if given_up := self._given_up():
            return given_up
        self.testing = step["grade_id"]
        outputs, reason = self._tried(number, step)
        why = self._ended(reason) if reason else ""
        if why and self._was_a_cell(number):
            outputs, reason = self._tried(number, step)
            why = self._ended(reason) if reason else ""
        if why:
            self.notes.append(f"{step['grade_id']}: {why}")
        unjudged = next((output["evalue"] for output in outputs or () if output.get("ename") == Uncrossable.__name__), None)
        if unjudged:  # a person should look
            self.notes.append(f"{step['grade_id']} could not be judged: {unjudged}")
        return [_error("StudentProcessEnded", why)] if outputs is None else outputs

    def _was_a_cell(self, number: int) -> bool:
        """Whether a cell, run again, turns out to be what ended the student's process: by what it had left running, say."""
        before = len(self.left_out)
        with contextlib.suppress(Gone):
            self._peer(number)
        return len(self.left_out) > before

    def _tried(self, number: int, step: dict[str, Any]) -> tuple[list[Output] | None, Gone | None]:
        """What a test shows, None where it could not begin; and what became of the student's process if it is gone."""
        try:
            self._fetch([name for name in step["needs"] if not self._is_ours(name, step["unsure"])], before=number)
        except Gone as reason:
            return None, reason
        assert self.peer is not None
        self.peer.deadline = self.known = soon(self.job["seconds"])
        self._say({"at": number, "seconds": self.job["seconds"]})
        outputs = self.shell.run(step["source"])
        return _credited(outputs, step), self.peer.broken

    def _is_ours(self, name: str, unsure: list[str]) -> bool:
        """Whether an instructor's cell turned out to bind a name that none was seen to bind, as by a star import."""
        here = name in self.shell.user_ns and name not in self.fetched
        return name in unsure and (here or hasattr(builtins, name))

    def _fetch(self, names: list[str], before: int) -> None:
        """Bring the student's names over; one that he has not bound is unbound here too."""
        found: Any = self._asked("values", names, before=before) if names else {}
        self.fetched.update(names)
        for name in names:
            match found.get(name):
                case ["value", value]:
                    self.shell.user_ns[name] = value
                case ["module", str(module)] if self.job["modules"].get(name) == module:
                    self.shell.user_ns[name] = importlib.import_module(module)
                case ["uncrossable", str(sentence)]:
                    self.shell.user_ns[name] = Unknown(name, sentence[:500])
                case _:
                    self.shell.user_ns.pop(name, None)

    def _asked(self, verb: str, what: Any, before: int) -> Any:
        """Ask the student's process, a new one if need be. Raises Gone."""
        peer = self._peer(before)
        self._give_time(peer, self.at)
        match verb, peer.ask(verb, what):
            case "run", ["ran", list(outputs)]:
                cleaned = _clean(outputs, min(MOST_OUTPUTS, self.room))
                self.room -= len(json.dumps(cleaned))
                return cleaned
            case "values", ["are", dict(values)]:
                return values
        peer.broken = Gone("it sent what is no answer")
        raise peer.broken

    def _give_time(self, peer: Peer, number: int) -> None:
        """Set the deadline of a question that has to do with step `number`. The grader must not give us up before it."""
        peer.deadline = min(soon(self.job["seconds"]), self.until)
        if self.job["telling"] or peer.deadline > self.known + SLACK:
            self.known = peer.deadline
            self._say({"at": number, "seconds": self.job["seconds"]})

    def _peer(self, before: int) -> Peer:
        """The student's process, in the state that the cells before number `before` leave. Raises Gone."""
        while True:
            if self.peer is None or self.peer.broken:
                self._end()
                self.peer, self.done = self._new(), 0
            try:
                self._advance(self.peer, before)
            except Gone as reason:  # it ran before, but not now: it ends by chance
                self._leave_out(self.done, reason)
                continue
            return self.peer

    def _advance(self, peer: Peer, before: int) -> None:
        while self.done < before:
            if self.steps[self.done]["do"] in ("run", "help") and self.done not in self.left_out:
                self._give_time(peer, self.done)
                peer.ask("run", self.steps[self.done]["source"])
            self.done += 1

    def _new(self) -> Peer:
        if self.until <= soon(0):
            raise OutOfTime("the time for this notebook was used up")
        self._say({"student": True})
        _, descriptors, _, _ = socket.recv_fds(self.line.connection, 1, 1)
        if not descriptors:
            raise Gone("no process could be started for it")
        peer = Peer(Channel(socket.socket(fileno=descriptors[0])))
        peer.deadline = soon(self.job["seconds"])
        if self.job["files"]:
            peer.ask("files", {name: base64.b64decode(content) for name, content in self.job["files"].items()})
        if self.job["from_the_start"]:
            peer.ask("forget")
        return peer

    def _end(self) -> dict[str, Any]:
        """End the student's process; how it ended."""
        if self.peer is None:
            return {}
        self.peer.channel.close()
        self.peer = None
        self._say({"end": True})
        return dict(json.loads(self.line.receive()))

    def _ended(self, reason: Gone) -> str:
        """A sentence on what a cell or a call did to the student's process."""
        how = self._end()
        if how.get("why") == "memory":
            return "It used more memory than it may, and was ended."
        if isinstance(reason, OutOfTime):
            return f"It was still running after {self.job['seconds']:g} seconds, and was ended."
        if "no answer" in str(reason) or "no message" in str(reason):
            return "It sent something that is no answer, and was ended."
        status = how.get("status", 0)
        if status < 0:
            return f"It crashed Python (signal {-status})."
        return "It ended Python. Is there an exit() in it?"

    def _say(self, message: dict[str, Any]) -> None:
        self.line.send(json.dumps(message).encode())

    def _listen(self) -> None:
        checking = sys.modules.get("autograder.check_answer")
        if checking is not None:
            checking.listeners[:] = [self._heard]

    def _heard(self, exercise: str, verdict: Any) -> None:
        from autograder.feedback import render  # here, for most courses know no judge

        idea = verdict.finding.misconception if verdict.finding else None
        self.findings[self.testing] = {
            "exercise": exercise,
            "passed": verdict.passed,
            "misconception": idea.id if idea else None,
            "title": idea.name if idea else "",
            "says": verdict.finding.message[:2000] if verdict.finding else "",
            "text": render.text(verdict, hints=1)[:4000],
        }


class Unknown:
    """Stands for a value that can't cross; whoever uses it is told why."""

    _name: str
    _sentence: str

    def __init__(self, name: str, sentence: str) -> None:
        self.__dict__.update(_name=name, _sentence=sentence)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise Uncrossable(f"{self._name} can't be judged. {self._sentence}")

    __getattr__ = __setattr__ = __call__ = __iter__ = __len__ = __getitem__ = __eq__ = __ne__ = __lt__ = __gt__ = _refuse
    __le__ = __ge__ = __bool__ = __array__ = __float__ = __int__ = __index__ = __add__ = __sub__ = __mul__ = _refuse
    __radd__ = __rsub__ = __rmul__ = __matmul__ = __rmatmul__ = __truediv__ = __contains__ = __neg__ = __next__ = _refuse
    __hash__ = None  # type: ignore[assignment]


def _error(name: str, sentence: str) -> Output:
    return {"output_type": "error", "ename": name, "evalue": sentence, "traceback": [f"{name}: {sentence}"]}


def _head(source: str) -> str:
    lines = [line for line in source.splitlines() if line.strip()]
    return lines[0].strip()[:60] if lines else "an empty cell"


def _credited(outputs: list[Output], step: dict[str, Any]) -> list[Output]:
    """A test's outputs, with an error before a partial credit that is none: no number, or out of range."""
    for output in outputs:
        if output["output_type"] == "error":
            break
        if output["output_type"] == "execute_result":
            text = str(output["data"].get("text/plain", ""))
            credit = _number(text)
            if credit is None and step["partial"]:
                return [_error("NoCredit", f"The test's result is {text[:100]}, which is no number of points."), *outputs]
            if credit is not None and not 0 <= credit <= step["points"]:  # NaN too
                wrong = f"The test's result is {credit:g}, which is no number of points between 0 and {step['points']:g}."
                return [_error("NoCredit", wrong), *outputs]
            if NUMBER.fullmatch(text):
                output["data"]["text/plain"] = repr(credit)
            break
    return outputs


def _number(text: str) -> float | None:
    """The number that a result is, NumPy's too: for what is none, nbgrader gives full marks."""
    numpys = NUMBER.fullmatch(text)
    try:
        return float(numpys[1] if numpys else text)
    except ValueError:
        return None


def _clean(outputs: list[Any], room: int) -> list[Output]:
    """What a student's process says that a cell has shown, as far as it is what a cell can show."""
    cleaned: list[Output] = []
    for output in outputs[:1000]:
        kept = _cleaned(output)
        if kept is not None:
            room -= len(json.dumps(kept))
            if room < 0:
                cleaned.append({"output_type": "stream", "name": "stdout", "text": CUT})
                break
            cleaned.append(kept)
    return cleaned


def _cleaned(output: Any) -> Output | None:
    match output:
        case {"output_type": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
            return {"output_type": "stream", "name": name, "text": text}
        case {"output_type": "error", "ename": str(ename), "evalue": str(evalue), "traceback": list(lines)}:
            said = [line for line in lines if isinstance(line, str)]
            return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": said}
        case {"output_type": "execute_result" | "display_data" as kind, "data": dict(data)}:
            kept = {mime: data[mime] for mime in SHOWN if isinstance(data.get(mime), str)}
            kept = {mime: text for mime, text in kept.items() if not mime.startswith("image/") or BASE64.fullmatch(text)}
            more = {"execution_count": None} if kind == "execute_result" else {}
            return {"output_type": kind, "data": kept, "metadata": {}, **more} if kept else None
    return None
