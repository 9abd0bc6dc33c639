"""Hostile and unlucky submissions, each with its honest score and with what it would do if nobody held it.

All are made of one released notebook, `plain/one` of tests/support/sample_course.py: four answers and four tests of 2, 1, 3 and 1
points. `{outside}` in a case's code is a folder that no student may reach; a file `secret` lies in it.

A case `trips` when it is run in one process with the tests and without the sandbox: it is `paid` more than it earned, it
has `read` the secret, or it has `left` something behind. Others cost stock nbgrader a right grade: stock.json says which.
What does neither says why it is here all the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

PARTS = ("test_prefix", "test_shown", "test_biggest", "test_total")
RIGHT = {"prefix": "def prefix(x):\n    return np.cumsum(x)", "biggest": "biggest = max", "total": "total = 6.0"}
WRONG = {"prefix": "def prefix(x):\n    return x", "biggest": "def biggest(i):\n    return -99", "total": "total = 5"}
FULL, NONE = (2, 1, 3, 1), (0, 1, 0, 0)  # a wrong prefix still has the right shape
NOTHING = (0, 0, 0, 0)
# Wrong, but only one assertion of its test says so: whoever turns that off is paid.
NEARLY = "def prefix(x):\n    return np.full(3, 36.0)"
Notebook = dict


@dataclass(frozen=True)
class Case:
    """`make` turns the released notebook into the file that is handed in."""

    name: str
    group: str
    make: Callable[[Notebook], bytes]
    points: tuple[float, ...]
    trips: str  # paid, read, left, or nothing
    files: dict[str, bytes] = field(default_factory=dict)
    why_not: str = ""
    evaluates: bool = False  # the last test evaluates a text that is the answer
    spoilt: tuple[float, ...] = ()  # what its answers would earn without a trick against our own processes, which costs them that

    @property
    def elsewhere(self) -> tuple[float, ...]:
        """What a grader gives that the trick does not aim at."""
        return self.spoilt or self.points


CASES: list[Case] = []


def code(source: str) -> dict:
    return {"cell_type": "code", "id": "theirs", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def marks(cell: dict) -> dict:
    return cell["metadata"].get("nbgrader", {})


def written(answers: dict[str, str], first: str = "", change: Callable[[Notebook], None] | None = None) -> Callable[[Notebook], bytes]:
    def make(notebook: Notebook) -> bytes:
        for cell in notebook["cells"]:
            if marks(cell).get("solution") and marks(cell)["grade_id"] in answers:
                cell["source"] = answers[marks(cell)["grade_id"]]
        if first:
            notebook["cells"].insert(0, code(first))
        if change:
            change(notebook)
        return json.dumps(notebook).encode()

    return make


def cheat(group: str, name: str, first: str = "", trips: str = "paid", points: tuple[float, ...] = NONE, files: dict[str, bytes] | None = None, why_not: str = "", spoilt: tuple[float, ...] = (), **answers: str) -> None:
    """Wrong answers, and a trick."""
    CASES.append(Case(name, group, written({**WRONG, **answers}, first), points, trips, files or {}, why_not, spoilt=spoilt))


ALL_THE_SAME = "it must not cost a right answer its points"


def unlucky(group: str, name: str, first: str = "", trips: str = "", points: tuple[float, ...] = FULL, why_not: str = ALL_THE_SAME, **answers: str) -> None:
    """Right answers, and something that goes wrong beside them."""
    CASES.append(Case(name, group, written({**RIGHT, **answers}, first), points, trips, {}, why_not))


def odd(name: str, make: Callable[[Notebook], bytes], points: tuple[float, ...] = FULL, trips: str = "", why_not: str = ALL_THE_SAME) -> None:
    """A file that is not as it was released."""
    CASES.append(Case(name, "the file", make, points, trips, {}, why_not))


# --- The tests are turned off -------------------------------------------------------------------------------------------
OFF = "the tests are turned off"
cheat(OFF, "an input transformer empties later cells", "get_ipython().input_transformers_cleanup.append(lambda lines: [''])", points=NOTHING)
cheat(OFF, "an AST transformer empties later cells", "import ast\nclass E(ast.NodeTransformer):\n    def visit_Module(self, node):\n        node.body = []\n        return node\nget_ipython().ast_transformers.append(E())", points=NOTHING)
cheat(OFF, "numpy.testing is patched", "import numpy.testing as t\nt.assert_allclose.__code__ = (lambda *a, **k: None).__code__", prefix=NEARLY)
cheat(OFF, "the assertion is rebound", prefix=NEARLY + "\nassert_allclose = lambda *a, **k: None")
cheat(OFF, "np.testing's own helper is patched", "import numpy as np\nnp.testing._private.utils.assert_array_compare = lambda *a, **k: None", prefix=NEARLY)
cheat(OFF, "errors are shown to nobody", "shell = get_ipython()\nshell.showtraceback = shell._showtraceback = lambda *a, **k: None")
cheat(OFF, "run_code is replaced", "async def nothing(*a, **k):\n    return False\nget_ipython().run_code = nothing", points=NOTHING)
cheat(OFF, "the display hook is spoofed", "import sys\nclass H:\n    def __call__(self, value): pass\nget_ipython().displayhook.write_format_data = lambda *a, **k: None", points=NONE)
cheat(OFF, "a custom exception handler", "get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)", trips="", why_not="stock nbgrader sees the error all the same")
cheat(OFF, "builtins.max is patched", "import builtins\nbuiltins.max = lambda *a, **k: -99")
cheat(OFF, "pre_run_cell rebinds the assertion", "ip = get_ipython()\ndef later(*a):\n    ip.user_ns['assert_allclose'] = lambda *a, **k: None\nip.events.register('pre_run_cell', later)", prefix=NEARLY)
cheat(OFF, "sys.settrace rebinds the assertion", "import sys\ndef tracer(frame, event, arg):\n    if frame.f_code.co_name == '<module>':\n        frame.f_globals['assert_allclose'] = lambda *a, **k: None\n    return tracer\nsys.settrace(tracer)", prefix=NEARLY)
cheat(OFF, "the compiler drops assertions", "import builtins\nreal = builtins.compile\nshell = get_ipython()\nshell.compile.flags = 0\nimport ast\nclass D(ast.NodeTransformer):\n    def visit_Assert(self, node):\n        return ast.Pass()\n    def visit_Expr(self, node):\n        return node\nshell.ast_transformers.append(D())", total="total = 5")
cheat(OFF, "the shell's own run is replaced", "type(get_ipython()).run = lambda self, source: []", points=NOTHING, spoilt=NONE)
cheat(OFF, "the verdict's maker is replaced", "import autograder.grading.student_process as s\ns.verdict_of = lambda *_: ['tested', 'nothing', '', 0]", prefix=NEARLY)
cheat(OFF, "the last expression is not shown", "get_ipython().ast_node_interactivity = 'none'")
cheat(OFF, "a formatter writes every number as 3", "get_ipython().display_formatter.formatters['text/plain'].for_type(int, lambda n, p, c: p.text('3'))")
cheat(OFF, "a finder offers another numpy.testing", "import sys, types\nfake = types.ModuleType('numpy.testing')\nfake.__getattr__ = lambda name: lambda *a, **k: None\nsys.modules['numpy.testing'] = fake\nassert_allclose = lambda *a, **k: None", prefix=NEARLY)
cheat(OFF, "an audit hook rebinds the assertion", "import sys\nns = get_ipython().user_ns\nsys.addaudithook(lambda event, args: ns.update(assert_allclose=lambda *a, **k: None) if event == 'exec' else None)", prefix=NEARLY)
cheat(OFF, "a profiler rebinds the assertion", "import sys\nns = get_ipython().user_ns\nsys.setprofile(lambda *a: ns.update(assert_allclose=lambda *a, **k: None))", prefix=NEARLY)
cheat(OFF, "a thread rebinds the assertion without end", "import threading\nns = get_ipython().user_ns\nstill = lambda *a, **k: None\ndef go():\n    import time\n    while True:\n        ns['assert_allclose'] = still\n        time.sleep(0.0001)\nthreading.Thread(target=go, daemon=True).start()", prefix=NEARLY)
cheat(OFF, "traitlets: run_cell of the class", "import IPython\nfrom IPython.core.interactiveshell import ExecutionResult, ExecutionInfo\nIPython.core.interactiveshell.InteractiveShell.run_cell = lambda self, *a, **k: type('R', (), {'success': True})()", points=NOTHING)

# --- The values lie -----------------------------------------------------------------------------------------------------
LIE = "the values lie"
EQUAL = "class Equal:\n    shape = (3,)\n    __eq__ = lambda *_: True\n    __getitem__ = lambda *_: Equal()\n"
cheat(LIE, "an object that equals everything", total=EQUAL + "total = Equal()")
cheat(LIE, "an int that equals everything", total="class I(int):\n    __eq__ = lambda *_: True\n    __hash__ = int.__hash__\ntotal = I(5)")
cheat(LIE, "a float whose comparison lies", biggest="class F(float):\n    __eq__ = lambda *_: True\ndef biggest(i):\n    return F(-99)")
cheat(LIE, "an array that overrides NumPy", prefix="class L(np.ndarray):\n    def __array_function__(self, *a):\n        return True\n    def __array_ufunc__(self, f, *a, **k):\n        return np.full(3, not f.__name__.startswith('is'))\n    def __getitem__(self, i):\n        return 36 if isinstance(i, int) else self\ndef prefix(x):\n    return np.zeros(3).view(L)")
cheat(LIE, "partial credit out of range", biggest="class P(int):\n    def __eq__(self, other):\n        return P2(1)\nclass P2(int):\n    def __radd__(self, other):\n        return 99\n    __add__ = __radd__\ndef biggest(i):\n    return P(0)", trips="")
cheat(LIE, "partial credit that is NaN", biggest="class N:\n    def __eq__(self, other):\n        return float('nan')\ndef biggest(i):\n    return N()", trips="")
cheat(LIE, "partial credit that is text", biggest="class T(str):\n    def __radd__(self, other):\n        return self\n    def __add__(self, other):\n        return self\nclass Q:\n    def __eq__(self, other):\n        return T('all')\ndef biggest(i):\n    return Q()", trips="")
cheat(LIE, "partial credit that is NumPy's", biggest="def biggest(i):\n    return np.float64(-99)", trips="")
cheat(LIE, "partial credit that is an array", biggest="def biggest(i):\n    return np.array([-99.0])", trips="")
cheat(LIE, "partial credit that is two numbers", biggest="def biggest(i):\n    return np.array([-99.0, -99.0])", trips="")
cheat(LIE, "a list that is longer than it says", biggest="class B(list):\n    __len__ = lambda s: 3\n    __eq__ = lambda *_: True\ndef biggest(i):\n    return B()")
cheat(LIE, "the answer changes its caller's names", biggest="import sys\ndef biggest(items):\n    sys._getframe(1).f_globals['max'] = lambda *_: -99\n    return -99")
cheat(LIE, "the test's own list of inputs is changed", biggest="def biggest(items):\n    items[:] = [-99]\n    return -99", points=(0, 1, 3, 0), trips="", why_not="a test that gives its own list away lets any answer change it, in one process or in two")
cheat(LIE, "a name of the test is bound before it", "points = 99\nitems = None", trips="", why_not="the test binds them itself")
cheat(LIE, "a tuple with an order of its own", total="class T(tuple):\n    def __eq__(self, other): return True\n    __hash__ = tuple.__hash__\ntotal = T((6,))")
cheat(LIE, "a string that equals numbers", total="class S(str):\n    def __eq__(self, other): return True\n    __hash__ = str.__hash__\ntotal = S('6')")
cheat(LIE, "an array by the array interface", total="class A:\n    __array_interface__ = {'shape': (), 'typestr': '<f8', 'data': (0, False), 'version': 3}\n    def __eq__(self, other): return True\ntotal = A()")
cheat(LIE, "an array by the array struct", total="class A:\n    __array_priority__ = 1e9\n    def __array__(self, *a, **k): return np.array(5.0)\n    def __eq__(self, other): return True\ntotal = A()")
cheat(LIE, "a generator of random numbers that is not", total="class G(np.random.Generator):\n    def __eq__(self, other): return True\ntotal = G(np.random.PCG64(6))")
cheat(LIE, "a NumPy scalar of a class of its own", total="class F(np.float64):\n    def __eq__(self, other): return True\n    __hash__ = np.float64.__hash__\ntotal = F(5)")

# --- Signals that mean something --------------------------------------------------------------------------------------------
MEAN = "exceptions that mean something else"
cheat(MEAN, "StopIteration", prefix="def prefix(x):\n    raise StopIteration", points=(0, 0, 0, 0), trips="", why_not="it is an error in one process too")
cheat(MEAN, "SystemExit", prefix="def prefix(x):\n    raise SystemExit(0)", points=(0, 0, 0, 0), trips="", why_not="it is an error in one process too")
cheat(MEAN, "KeyboardInterrupt", prefix="def prefix(x):\n    raise KeyboardInterrupt", points=(0, 0, 0, 0), trips="", why_not="it is an error in one process too")
cheat(MEAN, "an error that hides itself", prefix="class Quiet(Exception):\n    def _render_traceback_(self):\n        return None\ndef prefix(x):\n    raise Quiet", points=(0, 0, 0, 0), trips="")
cheat(MEAN, "an error whose text never ends", prefix="class Slow(Exception):\n    def __str__(self):\n        while True: pass\ndef prefix(x):\n    raise Slow", points=(0, 0, 0, 0), trips="")
cheat(MEAN, "an error that raises when shown", prefix="class Bad(Exception):\n    def __str__(self):\n        raise ValueError\n    __repr__ = __str__\ndef prefix(x):\n    raise Bad", points=(0, 0, 0, 0), trips="", why_not="it is an error in one process too")
cheat(MEAN, "a group of errors", prefix="def prefix(x):\n    raise ExceptionGroup('x', [ValueError(1)])", points=NOTHING, trips="", why_not="it is an error in one process too")
cheat(MEAN, "an error whose class has no name", prefix="class E(Exception): pass\nE.__name__ = ''\nE.__qualname__ = ''\ndef prefix(x):\n    raise E", points=NOTHING, trips="", why_not="it is an error in one process too")
cheat(MEAN, "an error that holds the loop's own", prefix="from autograder.grading.rpc.channel import ConnectionLost, DeadlineExceeded\ndef prefix(x):\n    raise ConnectionLost('mine')", points=NOTHING, trips="", why_not="it is an error in one process too")
cheat(MEAN, "the refusal of a value, raised", prefix="from autograder.grading.rpc.serialize import NotSerializable\ndef prefix(x):\n    raise NotSerializable('so what')", points=NOTHING, trips="", why_not="it is an error in one process too")

# --- Files -------------------------------------------------------------------------------------------------------------------
FILES = "files and places"
SHADOW = b"def __getattr__(name): return lambda *a, **k: None\n"
cheat(FILES, "a secret is read", "print(open('{outside}/secret').read())", trips="read")
cheat(FILES, "the folder of the course is listed", "import os\nprint(os.listdir('{outside}'))", trips="read")
cheat(FILES, "a gradebook is edited", "open('{outside}/left-gradebook', 'a').write('18 points')", trips="left")
cheat(FILES, "another submission is overwritten", "import pathlib\npathlib.Path('{outside}/left-other').write_text('mine')", trips="left")
cheat(FILES, "a start-up file is planted", "import os, pathlib\nplace = pathlib.Path('{outside}/left-startup')\nplace.mkdir()\n(place / '00.py').write_text('print(1)')", trips="left")
cheat(FILES, "a module of the tests is shadowed by a file", files={"numpy.py": SHADOW, "left.py": b"x = 1\n"}, first="import sys, os\nsys.path.insert(0, os.getcwd())\nsys.modules.pop('left', None)\nimport left\nopen('{outside}/left-module', 'w')", trips="left")
cheat(FILES, "a file above the folder", files={"sub/ok.txt": b"fine"}, first="open('../left', 'w')\nopen('{outside}/left-above', 'w')", trips="left")
cheat(FILES, "links lead out", "import os\nos.symlink('{outside}/secret', 'here')\nprint(open('here').read())", trips="read")
cheat(FILES, "a package is changed", "import numpy, os\nassert os.access(os.path.dirname(numpy.__file__), os.W_OK)\nopen('{outside}/left-package', 'w')", trips="left", points=NONE)
cheat(FILES, "environment variables tell", "import os\nprint(os.environ.get('LEFTCONTEXT_SECRET'))\nprint(open('{outside}/secret').read())", trips="read")
cheat(FILES, "/proc tells of others", "import glob\nprint([open(p, 'rb').read() for p in glob.glob('/proc/[0-9]*/environ')][:3])\nprint(open('{outside}/secret').read())", trips="read")
cheat(FILES, "the reference lies in memory", "import gc\nprint([o for o in gc.get_objects() if isinstance(o, dict) and 'BEGIN HIDDEN' in str(o.get('source'))])\nimport autograder.bank.catalog\nassert not autograder.bank.catalog.entries()\nprint(open('{outside}/secret').read())", trips="read")
cheat(FILES, "a shell looks around", "!cat {outside}/secret > {outside}/left-shell", trips="left")
cheat(FILES, "a set-user-id program", "import os, shutil\nshutil.copy('/bin/sh', '{outside}/left-sh')\nos.chmod('{outside}/left-sh', 0o4755)", trips="left")
cheat(FILES, "the bank's solutions lie beside the packages", "import glob, os, sys\nplaces = [*sys.path, *(os.path.dirname(p) for p in sys.path)]\nfound = [f for p in places for f in glob.glob(f'{p}/autograder/source/*/ex_*.py') + glob.glob(f'{p}/source/*/ex_*.py')]\nif 'mistake' in open(found[0]).read():\n    print(open('{outside}/secret').read())", trips="read")
cheat(FILES, "a mark on a file that can't be opened", "import os\nbefore = os.stat('{outside}/secret').st_mode\nos.chmod('{outside}/secret', 0o600)\nif os.stat('{outside}/secret').st_mode != before:\n    os.chmod('{outside}/secret', before)\n    print(open('{outside}/secret').read())", trips="read")
cheat(FILES, "a file is emptied by its name", "import os, pathlib\npathlib.Path('{outside}/left-full').write_text('full')\nos.truncate('{outside}/left-full', 0)", trips="left")
cheat(FILES, "watching who comes by", "import ctypes, os\nlibc = ctypes.CDLL(None)\nassert libc.inotify_add_watch(libc.inotify_init1(0), b'{outside}', 0xfff) >= 0\nopen('{outside}/left-watch', 'w')", trips="left")

# --- Other processes and the network --------------------------------------------------------------------------------------------
REACH = "processes and the network"
cheat(REACH, "a TCP connection", "import socket\nsocket.create_server(('127.0.0.1', 0))\nprint(open('{outside}/secret').read())", trips="read")
cheat(REACH, "a UDP packet", "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))\nopen('{outside}/left-udp', 'w')", trips="left")
cheat(REACH, "a Unix socket", "import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('{outside}/left-socket')", trips="left")
cheat(REACH, "an abstract socket", "import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind(chr(0) + 'left')\nopen('{outside}/left-abstract', 'w')", trips="left")
cheat(REACH, "datagrams to whomever", "import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\nopen('{outside}/left-datagram', 'w')", trips="left")
cheat(REACH, "a segment that outlives its maker", "import ctypes\nassert ctypes.CDLL(None).shmget(0x1ef7, 4096, 0o1600) >= 0\nctypes.CDLL(None).shmctl(ctypes.CDLL(None).shmget(0x1ef7, 4096, 0o600), 0, None)\nopen('{outside}/left-segment', 'w')", trips="left")
cheat(REACH, "the kernel's other doors", "import ctypes, mmap, os\npage = mmap.mmap(-1, 4096, prot=7)\npage.write(bytes.fromhex('b814000000cd80c3'))  # getpid, as a program of 32 bits asks\nassert ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))() == os.getpid()\nopen('{outside}/left-door', 'w')", trips="", why_not="not every machine has such a door")
cheat(REACH, "the parent is traced", "import ctypes, os\nassert ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0 or not os.getppid()\nopen('{outside}/left-trace', 'w')", trips="")
cheat(REACH, "the parent is signalled", "import os, signal\nos.kill(os.getppid(), 0)\nopen('{outside}/left-signal', 'w')", trips="left")
cheat(REACH, "another namespace", "import ctypes\nassert ctypes.CDLL(None, use_errno=True).unshare(0x10000000) == 0\nopen('{outside}/left-namespace', 'w')", trips="", why_not="a process with threads can't do it anyway")
cheat(REACH, "a daemon stays behind", "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(2)\n        open('{outside}/left-daemon', 'w')\n    os._exit(0)\nopen('{outside}/left-daemon-was', 'w')", trips="left")
cheat(REACH, "a device is made", "import os\nos.mknod('{outside}/left-device')", trips="left")
cheat(REACH, "something is mounted", "import ctypes\nassert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0", trips="", why_not="nobody would want that to succeed here")
cheat(REACH, "the clock is set", "import time\ntime.clock_settime(time.CLOCK_REALTIME, 0)", trips="", why_not="nobody would want that to succeed here")
cheat(REACH, "descriptors are sent to the other end", "import os, socket, array\nfor fd in range(3, 64):\n    try:\n        s = socket.socket(fileno=os.dup(fd))\n        s.sendmsg([], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0]))])\n    except OSError: pass\nopen('{outside}/left-scm', 'w')", trips="left")
cheat(REACH, "execveat of a file without a name", "import ctypes, os\nfd = os.open('/bin/sh', os.O_PATH)\nif os.fork() == 0:\n    argv = (ctypes.c_char_p * 4)(b'sh', b'-c', b'echo x > {outside}/left-execveat', None)\n    ctypes.CDLL(None).syscall(322, fd, b'', argv, None, 0x1000)\n    os._exit(1)\nos.wait()", trips="left")
cheat(REACH, "a filter of its own that tells", "import ctypes\nlibc = ctypes.CDLL(None)\nprint(libc.prctl(38, 1, 0, 0, 0), libc.syscall(317, 1, 8, None))\nopen('{outside}/left-filter', 'w')", trips="left")
cheat(REACH, "pidfd_getfd takes another's file", "import ctypes, os\nlibc = ctypes.CDLL(None)\nfor pid in range(1, 60):\n    p = libc.syscall(434, pid, 0)\n    if p >= 0 and pid != os.getpid():\n        for fd in range(3, 20):\n            if libc.syscall(438, p, fd, 0) >= 0: open('{outside}/left-pidfd', 'w')", trips="", why_not="who may do it depends on the machine")
cheat(REACH, "a user namespace by clone", "import ctypes\nassert ctypes.CDLL(None).syscall(56, 0x10000000 | 17, 0, 0, 0, 0) >= 0\nopen('{outside}/left-clone', 'w')", trips="", why_not="the child would go on in its place")
cheat(REACH, "a timer that signals another", "import ctypes, os\nclass Ev(ctypes.Structure):\n    _fields_ = [('v', ctypes.c_void_p), ('signo', ctypes.c_int), ('notify', ctypes.c_int), ('tid', ctypes.c_int), ('pad', ctypes.c_int * 11)]\nt = ctypes.c_void_p()\nassert ctypes.CDLL(None, use_errno=True).syscall(222, 1, ctypes.byref(Ev(None, 9, 4, os.getppid() or 1)), ctypes.byref(t)) == 0\nopen('{outside}/left-timer', 'w')", trips="", why_not="the kernel refuses a thread of another process")

# --- Messages ------------------------------------------------------------------------------------------------------------------------
MESSAGES = "messages are forged"
FORGE = "import json, os, struct\ndef message(tree, rest=b''):\n    t = json.dumps(tree).encode()\n    m = struct.pack('<I', len(t)) + t + rest\n    return struct.pack('<I', len(m)) + m\ndef send(data):\n    for fd in range(3, 64):\n        try:\n            os.write(fd, data)\n        except OSError:\n            pass\n"
cheat(MESSAGES, "an answer ahead of its question", FORGE + "send(message(['l', 'are', ['d', ['total', ['l', 'value', ['i', '6']]]]]))", trips="")
cheat(MESSAGES, "a thousand answers", FORGE + "send(message(['l', 'ran', ['l']]) * 1000)", trips="")
cheat(MESSAGES, "a huge length", FORGE + "send(struct.pack('<I', 2**32 - 1))", trips="")
cheat(MESSAGES, "a deep nest", FORGE + "send(struct.pack('<II', 100004, 100000) + b'[' * 100000)", trips="")
cheat(MESSAGES, "an array of objects", FORGE + "send(message(['a', '|O', [1], 0, 8], bytes(8)))", trips="")
cheat(MESSAGES, "an array larger than its bytes", FORGE + "send(message(['a', '<f8', [10**9], 0, 8], bytes(8)))", trips="")
cheat(MESSAGES, "a call of a function that is not there", FORGE + "send(message(['l', 'call', ['i', 'ff'], ['t'], ['d']]))", trips="")
RAW = "import autograder.grading.rpc.serialize as wire\nclass Raw:\n    def __init__(self, make): self.make = make\nreal = wire._Writer.tree\nwire._Writer.tree = lambda w, value, depth: value.make(w) if isinstance(value, Raw) else real(w, value, depth)\n"
cheat(MESSAGES, "the same bytes two hundred times", RAW, trips="", why_not="in one process no message is sent", total="def make(w):\n    w.blob(bytes(64_000_000))\n    return ['l', *[['a', '<f8', [8_000_000], 0, 64_000_000]] * 200]\ntotal = Raw(make)")
cheat(MESSAGES, "a million empty lists in a million", RAW, trips="", why_not="in one process no message is sent", total="total = Raw(lambda w: ['l', *[[]] * 15_000_000])")
cheat(MESSAGES, "a generator beyond its buffer", RAW, trips="", why_not="in one process no message is sent", total="state = np.random.MT19937(1).state\nstate['state']['pos'] = 10**9\ntotal = Raw(lambda w: ['g', real(w, state, 0)])")
cheat(MESSAGES, "a set of numbers that collide", RAW, trips="", why_not="in one process no message is sent", total="total = Raw(lambda w: ['s', *(['i', format(n * (2**61 - 1), 'x')] for n in range(100_000))])")
cheat(MESSAGES, "bytes of truth that are 2", RAW, trips="", why_not="in one process no message is sent", total="def make(w):\n    start, size = w.blob(bytes([2]))\n    return ['a', '|b1', [], start, size]\ntotal = Raw(make)")
cheat(MESSAGES, "text beyond Unicode", RAW, trips="", why_not="in one process no message is sent", total="def make(w):\n    start, size = w.blob(b'\\xff\\xff\\xff\\x7f')\n    return ['a', '<U1', [], start, size]\ntotal = Raw(make)")
cheat(MESSAGES, "a fraction of a billion digits", RAW, trips="", why_not="in one process no message is sent", total="total = Raw(lambda w: ['F', '1e999999999'])")
cheat(MESSAGES, "a fraction of two enormous numbers", RAW, trips="", why_not="in one process no message is sent", total="total = Raw(lambda w: ['F', ['i', 'f' * 8_000_001], ['i', 'e' * 8_000_000 + '1']])")
cheat(MESSAGES, "an array of no bytes and many parts", RAW, trips="", why_not="in one process no message is sent", total="total = Raw(lambda w: ['a', '<U0', [60_000_000], 0, 0])")
cheat(MESSAGES, "an array of a thousand dimensions", RAW, trips="", why_not="in one process no message is sent", total="total = Raw(lambda w: ['a', '<f8', [0] * 1000, 0, 0])")
cheat(MESSAGES, "questions without end", FORGE + "while True: send(message(['l', 'x', 'call', ['i', '0'], ['t'], ['d']]))", trips="")
cheat(MESSAGES, "an answer byte by byte", "import time\n" + FORGE + "for byte in message(['l', 'x', 'ran', ['l']]) * 100:\n    send(bytes([byte]))\n    time.sleep(0.05)", trips="")
cheat(MESSAGES, "the connection is closed", "import os\nos.closerange(3, 64)", trips="")

# --- A text that a test evaluates -------------------------------------------------------------------------------------------------------
EVALUATED = "a test evaluates what they wrote"
EVALUATING_TEST = "scope = {}\nexec(total, scope)\nassert scope['value'] == 6"  # in the place of the last test
BUT_THAT = (2, 1, 3, 0)


def evaluated(name: str, text: str, trips: str = "", points: tuple[float, ...] = NONE, why_not: str = "", right: bool = False) -> None:
    """A text that the last test evaluates, beside right answers or wrong ones."""
    answers = {**(RIGHT if right else WRONG), "total": f"total = {text!r}"}
    CASES.append(Case(name, EVALUATED, written(answers), points, trips, {}, why_not, evaluates=True))


evaluated("the text writes into the gradebook", "open('{outside}/left-gradebook', 'a').write('18 points')", "left")
evaluated("the text reads another submission", "print(open('{outside}/secret').read())\nopen('{outside}/left-read', 'w')", "left")
evaluated("the text lists the course", "import os\nprint(os.listdir('{outside}'))\nopen('{outside}/left-list', 'w')", "left")
evaluated("the text starts a program that reads", "import subprocess\nprint(subprocess.run(['cat', '{outside}/secret'], capture_output=True, text=True, check=True).stdout)\nopen('{outside}/left-program', 'w')", "left")
evaluated("the text signals its parent", "import os\nos.kill(os.getppid(), 0)\nopen('{outside}/left-signal', 'w')", "left")
evaluated("the text opens a port", "import socket\nsocket.create_server(('127.0.0.1', 0))\nopen('{outside}/left-port', 'w')", "left")
evaluated("the text writes through a socket's name", "import socket\nsocket.socket(socket.AF_UNIX).bind('{outside}/left-socket')", "left")
evaluated("the text leaves a daemon", "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(2)\n        open('{outside}/left-daemon', 'w')\n    os._exit(0)\nopen('{outside}/left-parent', 'w')", "left")
evaluated("the text changes what other tests find", "import os\nopen(os.path.join(os.path.dirname(os.getcwd()), '0', 'work', 'left'), 'w')", why_not="the folder is one of ours")
evaluated("the text gives itself a hundred points", "import gc, json\nfrom autograder.grading.rpc.channel import Channel\npassed = {'status': 'passed', 'points': 100.0, 'reason': '', 'is_number': False}\ntests = {str(n): passed for n in range(30)}\nresult = {'outputs': {}, 'notes': [], 'findings': {}, 'tests': tests, 'isolated': {}, 'one_kernel': {}, 'try_alone': False}\nfor one in gc.get_objects():\n    if isinstance(one, Channel):\n        one.send(json.dumps(result).encode())", why_not="in one process no result is sent")
SPEAK = "import gc, json, os, time\nfrom autograder.grading.rpc.channel import Channel\nchannels = [one for one in gc.get_objects() if isinstance(one, Channel)]\ndef say(message):\n    for one in channels:\n        one.send(json.dumps(message).encode())\n"
evaluated("the text says that it is at half a step", SPEAK + "say({'at': 2.0})\nos._exit(0)", points=BUT_THAT, why_not="in one process nobody is told", right=True)
evaluated("the text says half of something and waits", SPEAK + "for one in channels:\n    one.connection.sendall(bytes([255, 0, 0]))\ntime.sleep(60)", points=BUT_THAT, why_not="in one process nobody is told", right=True)
evaluated("the text asks for process after process", SPEAK + "while True: say({'student': True})", points=BUT_THAT, why_not="in one process nobody is asked", right=True)
evaluated("the text says without end that it is at another step", SPEAK + "while True: say({'at': 0})", points=BUT_THAT, why_not="in one process nobody is told", right=True)
evaluated("the text names steps at random without end", SPEAK + "import random\nwhile True: say({'at': random.randrange(9)})", points=BUT_THAT, why_not="in one process nobody is told", right=True)
evaluated("the text says that it is at a step of another's and ends Python", SPEAK + "say({'at': 1})\nos._exit(0)", points=BUT_THAT, why_not="in one process nobody is told", right=True)
evaluated("the text makes folders in folders", "import os\nfor i in range(5000):\n    os.mkdir('d')\n    os.chdir('d')\nimport time\ntime.sleep(60)", points=BUT_THAT, why_not="it would take the machine", right=True)
evaluated("the text fills the disk", "number = 0\nwhile True:\n    number += 1\n    open(str(number), 'wb').write(bytes(10**6))", points=BUT_THAT, why_not="it would take the machine", right=True)
evaluated("the text fills a file", "try:\n    with open('x', 'wb') as file:\n        while True: file.write(bytes(10**7))\nexcept OSError: pass\nvalue = 6", points=FULL, why_not="it would take the machine", right=True)
evaluated("the text takes memory without end", "kept = []\nwhile True: kept.append(bytearray(10**8))", points=BUT_THAT, why_not="it would take the machine", right=True)
evaluated("the text makes processes without end", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", points=BUT_THAT, why_not="it would take the machine", right=True)
evaluated("the text ends Python", "import os\nos._exit(0)", points=BUT_THAT, why_not=ALL_THE_SAME, right=True)
evaluated("the text never ends", "while True: pass", points=BUT_THAT, why_not=ALL_THE_SAME, right=True)

# --- All of these again, by somebody who has read the grader's code ---------------------------------------------------------
cheat(FILES, "the memory of one's own process is written", "import os\nwith open('/proc/self/mem', 'rb+') as file:\n    open('{outside}/left-mem', 'w')", trips="left")
cheat(FILES, "the parent's open files", "import os\nos.listdir(f'/proc/{os.getppid() or 1}/fd')\nopen('{outside}/left-fd', 'w')", trips="left")
cheat(FILES, "the maps of this process name the course", "print(open('/proc/self/maps').read()[:100], open('{outside}/secret').read())", trips="read")
cheat(FILES, "a hard link to the secret", "import os\nos.link('{outside}/secret', 'here')\nprint(open('here').read())", trips="", why_not="a hard link does not cross file systems")
cheat(FILES, "a path that climbs out of the folder", "print(open('/'.join(['..'] * 40) + '{outside}/secret').read())", trips="read")
cheat(FILES, "a program reads it", "import subprocess\nprint(subprocess.run(['cat', '{outside}/secret'], capture_output=True, text=True).stdout)", trips="read")
cheat(FILES, "a library is loaded from a file of one's own", "import shutil, glob, ctypes\nshutil.copy(glob.glob('/usr/lib/*/libm.so.6')[0], 'own.so')\nctypes.CDLL('./own.so')\nprint(open('{outside}/secret').read())", trips="read")
cheat(FILES, "the secret by a number of its folder", "import os\nfd = os.open('{outside}', os.O_RDONLY)\nprint(open(os.open('secret', os.O_RDONLY, dir_fd=fd)).read())", trips="read")
cheat(FILES, "the secret by O_PATH", "import os\nfd = os.open('{outside}/secret', os.O_PATH)\nprint(open(f'/proc/self/fd/{fd}').read())", trips="read")
cheat(FILES, "an address book of mounts", "print(open('/proc/self/mountinfo').read()[:9], open('{outside}/secret').read())", trips="read")
cheat(REACH, "a netlink socket", "import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).bind((0, 0))\nopen('{outside}/left-netlink', 'w')", trips="left")
cheat(REACH, "a key in a keyring", "import ctypes\nassert ctypes.CDLL(None).syscall(248, b'user', b'left', b'x', 1, -3) > 0\nopen('{outside}/left-key', 'w')", trips="", why_not="not every machine allows keys")
cheat(REACH, "a ring of requests", "import ctypes\nassert ctypes.CDLL(None).syscall(425, 8, bytes(120)) >= 0\nopen('{outside}/left-ring', 'w')", trips="", why_not="not every machine allows it")
cheat(REACH, "page faults are handled here", "import ctypes\nassert ctypes.CDLL(None).syscall(323, 1) >= 0\nopen('{outside}/left-fault', 'w')", trips="", why_not="not every machine allows it")
cheat(REACH, "everybody of this user is slowed down", "import os\nos.setpriority(os.PRIO_USER, 0, 5)\nassert os.getpriority(os.PRIO_PROCESS, os.getppid() or 1) >= 5\nopen('{outside}/left-nice', 'w')", trips="", why_not="nobody would want that to succeed here")
cheat(REACH, "whoever is at the other end is named, and signalled", "import os, socket, struct\na, b = socket.socketpair()\npid = struct.unpack('3i', a.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]\nfor fd in range(3, 64):\n    try:\n        pid = struct.unpack('3i', socket.socket(fileno=os.dup(fd)).getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]\n    except OSError:\n        continue\n    if pid not in (0, os.getpid()):\n        os.kill(pid, 0)\nopen('{outside}/left-peer', 'w')", trips="left")
cheat(REACH, "a mark on a file that can be read", "import fcntl, os, struct\nfor flag in (0x40, 0):\n    fcntl.ioctl(open(os.__file__), 0x40086602, struct.pack('l', struct.unpack('l', fcntl.ioctl(open(os.__file__), 0x80086601, bytes(8)))[0] & ~0x40 | flag))\nopen('{outside}/left-flag', 'w')", trips="", why_not="not every file system has such marks")
cheat(REACH, "a child of one's parent", "import ctypes, os, platform\nmade = ctypes.CDLL(None).syscall({'x86_64': 56, 'aarch64': 220}[platform.machine()], 0x8000 | 17, 0, 0, 0, 0)\nif made == 0:\n    os._exit(0)\nassert made > 0\nopen('{outside}/left-sibling', 'w')", trips="left")
cheat(REACH, "a lock on a file of everybody's", "import fcntl, os\nfcntl.flock(open(os.__file__), fcntl.LOCK_EX)\nprint(open('{outside}/secret').read())", trips="read")
cheat(MESSAGES, "a verdict is made up", "import autograder.grading.student_process as here\nhere.verdict_of = lambda *_: ['tested', 'nothing', '', 0]", trips="", why_not="in one process no verdict is sent", points=NONE)
cheat(MESSAGES, "a verdict of a hundred points", "import autograder.grading.student_process as here\nhere.verdict_of = lambda *_: ['tested', 'result', '100', 0]", trips="", why_not="in one process no verdict is sent", points=NOTHING, spoilt=NONE)
cheat(MESSAGES, "a verdict with half a character", "import autograder.grading.student_process as here\nhere.verdict_of = lambda *_: ['tested', 'result', chr(0xd800) + chr(27) + ']52;c;eA==', 0]", trips="", why_not="in one process no verdict is sent", points=NONE)
cheat(MESSAGES, "a verdict in a line that is not there", "import autograder.grading.student_process as here\nhere.verdict_of = lambda *_: ['tested', 'error', 'AssertionError', 10**30]", trips="", why_not="in one process no verdict is sent", points=NOTHING, spoilt=NONE)
cheat(MESSAGES, "a verdict whose error has a name of tags", "import autograder.grading.student_process as here\nhere.verdict_of = lambda *_: ['tested', 'error', '<img src=x onerror=alert(1)>', 1]", trips="", why_not="in one process no verdict is sent", points=NOTHING, spoilt=NONE)
cheat(MESSAGES, "values are made up where they are asked for", "import autograder.grading.student_process as here\nhere._value = lambda endpoint, value: ['module', 'numpy']", trips="", why_not="in one process no value is sent", points=NOTHING, spoilt=NONE)
cheat(MESSAGES, "every value is a module of the test's", "import autograder.grading.student_process as here\nhere._value = lambda endpoint, value: ['module', 'os']", trips="", why_not="in one process no value is sent", points=NOTHING, spoilt=NONE)
cheat(LIE, "it says that it is another class", total="class C:\n    __class__ = property(lambda s: float)\n    __eq__ = lambda *_: True\ntotal = C()")
cheat(LIE, "an array by word of mouth", prefix="class A:\n    shape = (3,)\n    def __array__(self, *a, **k):\n        return np.array([1.0, 2, 3])\n    __eq__ = lambda *_: True\n    __getitem__ = lambda *_: 36\ndef prefix(x):\n    return A()", trips="", points=NONE, why_not="it is an array in one process too")
cheat(LIE, "an array that changes each time it is read", prefix="class A:\n    n = 0\n    def __array__(self, *a, **k):\n        A.n += 1\n        return np.full(3, float(A.n))\ndef prefix(x):\n    return A()", trips="", points=NOTHING, why_not="which value is right it can't know")
cheat(LIE, "it is unpacked into something else", total="class C(float):\n    def __reduce__(self):\n        return eval, ('6',)\n    __eq__ = lambda *_: True\n    __hash__ = None\ntotal = C(5)")
cheat(LIE, "a Decimal that equals everything", total="import decimal\nclass D(decimal.Decimal):\n    __eq__ = lambda *_: True\n    __hash__ = None\ntotal = D(5)")
cheat(LIE, "a fraction that lies about its parts", total="import fractions\nclass F(fractions.Fraction):\n    numerator = property(lambda s: float('nan'))\n    __eq__ = lambda *_: True\n    __hash__ = None\ntotal = F(5)")
cheat(LIE, "a buffer of someone else's", total="total = memoryview(b'5')", trips="", why_not="it is wrong in one process too")
cheat(LIE, "a masked array", prefix="def prefix(x):\n    return np.ma.masked_all(3)", trips="", points=NONE, why_not="what is masked may compare as it likes")

# --- Too much ----------------------------------------------------------------------------------------------------------------------
MUCH = "too much"
unlucky(MUCH, "a cell never ends", "while True: pass")
unlucky(MUCH, "a cell never ends, and catches all", "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass")
unlucky(MUCH, "a cell sleeps", "import time\ntime.sleep(10**6)")
unlucky(MUCH, "a call never ends", points=(0, 0, 3, 1), prefix="def prefix(x):\n    while True: pass", why_not="the call is the answer")
unlucky(MUCH, "a cell ends Python", "import os\nos._exit(0)")
unlucky(MUCH, "a cell crashes Python", "import ctypes\nctypes.string_at(0)")
unlucky(MUCH, "a cell kills itself", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nos.abort()")
unlucky(MUCH, "a call ends Python", points=(0, 0, 3, 1), prefix="import os\ndef prefix(x):\n    os._exit(0)")
unlucky(MUCH, "exit() is called", "exit()")
unlucky(MUCH, "the stack overflows", "import sys\nsys.setrecursionlimit(10**7)\ndef f(): return f()\nf()")
unlucky(MUCH, "a print without end", "while True: print('x' * 1000)")
unlucky(MUCH, "a million lines on stderr", "import sys\nfor i in range(10**6): print('x', file=sys.stderr)", why_not="it only takes a while in one process")
unlucky(MUCH, "memory without end", "x = []\nwhile True: x.append(bytearray(10**8))", why_not="it would take the machine")
unlucky(MUCH, "memory of many processes", "import os, time\nfor i in range(12):\n    if os.fork() == 0:\n        x = bytearray(6 * 10**8)\n        time.sleep(60)\ntime.sleep(0.5)", why_not="it would take the machine")
unlucky(MUCH, "processes without end", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", why_not="it would take the machine")
unlucky(MUCH, "threads without end", "import threading, time\nwhile True:\n    try: threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n    except RuntimeError: break", why_not="it would take the machine")
unlucky(MUCH, "a disk filler", "try:\n    with open('x', 'wb') as f:\n        while True: f.write(bytes(10**7))\nexcept OSError: pass", why_not="it would take the machine")
unlucky(MUCH, "files without end", "try:\n    for i in range(10**6): open(str(i), 'w').close()\nexcept OSError: pass", why_not="it would take the machine")
unlucky(MUCH, "open files without end", "f = []\ntry:\n    while True: f.append(open('/dev/null'))\nexcept OSError: pass\nf = None", why_not="limits of the machine stop it")
unlucky(MUCH, "memory in files without a name", "import os\nfiles = []\ntry:\n    for i in range(200):\n        files.append(os.memfd_create('x'))\n        os.write(files[-1], bytes(6 * 10**7))\nexcept OSError: pass\nassert len(files) < 2", why_not="it would take the machine")
unlucky(MUCH, "a chain of forks", "import os\nif os.fork() == 0:\n    while True:\n        try:\n            if os.fork(): os._exit(0)\n        except OSError: pass", why_not="it would take the machine")
unlucky(MUCH, "folders in folders without end", "import os\nhere = os.getcwd()\ntry:\n    for i in range(5000):\n        os.mkdir('d')\n        os.chdir('d')\nexcept OSError: pass\nos.chdir(here)", why_not="it would take the machine")
unlucky(MUCH, "folders without end", "import os\ntry:\n    for i in range(10**6): os.mkdir(str(i))\nexcept OSError: pass", why_not="it would take the machine")
unlucky(MUCH, "a disk filler at the end of a long path", "import os\nhere = os.getcwd()\ntry:\n    for i in range(60):\n        os.mkdir('x' * 250)\n        os.chdir('x' * 250)\n    for i in range(10**4): open(str(i), 'wb').write(bytes(10**7))\nexcept OSError: pass\nos.chdir(here)", why_not="it would take the machine")
unlucky(MUCH, "a disk filler in a folder that may not be listed", "import os\ntry:\n    os.mkdir('dark', 0o300)\n    for i in range(10**4): open(f'dark/{i}', 'wb').write(bytes(10**7))\nexcept OSError: pass", why_not="it would take the machine")
unlucky(MUCH, "mappings without end, in twenty processes", "import mmap, os, time\nkept = []\ntry:\n    while True: kept.append(mmap.mmap(-1, 4096))\nexcept (OSError, MemoryError): pass\nfor i in range(20):\n    if os.fork() == 0:\n        time.sleep(60)\n        os._exit(0)", why_not="it would take the machine")
unlucky(MUCH, "memory in sockets", "import os, socket, time\npairs = []\ntry:\n    while True:\n        pairs.append(socket.socketpair())\n        for one in pairs[-1]:\n            one.setblocking(False)\n            try: one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)\n            except OSError: pass\n            try:\n                while True: one.send(bytes(1 << 16))\n            except BlockingIOError: pass\nexcept OSError: pass\nfor i in range(20):\n    if os.fork() == 0:\n        time.sleep(60)\n        os._exit(0)", why_not="it would take the machine")
AS_ITS_CHILD = "import os, time\nif os.fork(): os._exit(0)\nfor i in range(5):\n    if os.fork() == 0:\n        x = b'x' * (6 * 10**8)\n        time.sleep(60)\ntime.sleep(3)\n"
unlucky(MUCH, "its child goes on in its place, with memory without end", points=(0, 0, 3, 1), why_not="it would take the machine", prefix=AS_ITS_CHILD + "def prefix(x):\n    return np.cumsum(x)")
evaluated("the text's child goes on in its place, with memory without end", AS_ITS_CHILD + "value = 6", points=BUT_THAT, why_not="it would take the machine", right=True)
unlucky(MUCH, "a regular expression without end", "import re\nre.match('(a+)+$', 'a' * 50 + 'b')")
unlucky(MUCH, "a number without end", "x = 7 ** 7 ** 10", why_not="limits of the machine stop it")
unlucky(MUCH, "a pattern that unpacks to a terabyte", "import zlib\nx = zlib.compress(bytes(10**6))\ntry:\n    y = bytes(10**12)\nexcept MemoryError: pass", why_not="limits of the machine stop it")
unlucky(MUCH, "it hangs when it is thrown away", "class Sticky:\n    def __del__(self):\n        while True: pass\nx = Sticky()\ndel x")
unlucky(MUCH, "it hangs at the end", "import atexit, signal\natexit.register(lambda: signal.pause())\nclass Last:\n    def __del__(self):\n        signal.pause()\nlast = Last()")
unlucky(MUCH, "an answer that counts to a billion", points=(0, 0, 3, 1), prefix="def prefix(x):\n    return range(10**9)", why_not="it would take the machine")
unlucky(MUCH, "a huge answer", points=(0, 0, 3, 1), prefix="def prefix(x):\n    return np.zeros(10**8)", why_not="it is wrong in one process too")
unlucky(MUCH, "a list that holds itself", points=(2, 1, 3, 0), total="total = []\ntotal.append(total)", why_not="it is wrong in one process too")
unlucky(MUCH, "a thread goes on and on", "import threading\ndef go():\n    while True: sum(range(1000))\nthreading.Thread(target=go, daemon=True).start()", why_not="it only slows one process down")
unlucky(MUCH, "a handler for SIGALRM and SIGTERM", "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass")
unlucky(MUCH, "thirty children that nobody waits for", "import os\nfor i in range(25):\n    if os.fork() == 0: os._exit(0)")
unlucky(MUCH, "standard output is closed", "import sys\nsys.stdout.close()\nsys.stderr.close()")
unlucky(MUCH, "standard output is None", "import sys\nsys.stdout = sys.stderr = None")
unlucky(MUCH, "the first three files are closed", "import os\nos.closerange(0, 3)")
unlucky(MUCH, "an alarm that comes later", "import signal\nsignal.alarm(1)")
unlucky(MUCH, "Python is to be ended later", "import faulthandler\nfaulthandler.dump_traceback_later(0.5, exit=True)")
unlucky(MUCH, "strict seccomp", "import ctypes\nctypes.CDLL(None).prctl(22, 1)")
unlucky(MUCH, "garbage is kept", "import gc\ngc.set_debug(gc.DEBUG_SAVEALL)\ngc.disable()")
unlucky(MUCH, "threads never switch", "import sys\nsys.setswitchinterval(1e6)")
unlucky(MUCH, "the limit of open files is three", "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))")
unlucky(MUCH, "recursion of twenty", "import sys\nsys.setrecursionlimit(80)")
unlucky(MUCH, "its folder is removed", "import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)")
unlucky(MUCH, "a folder that may not be entered", "import os\nos.mkdir('closed')\nopen('closed/x', 'w').close()\nos.chmod('closed', 0)")
unlucky(MUCH, "symbolic links in a circle", "import os\nos.symlink('a', 'b')\nos.symlink('b', 'a')\nos.symlink('.', 'here')")
unlucky(MUCH, "names that are no text", "import os\nopen(b'\\xff\\xfe', 'w').close()\nos.mkdir(b'\\x1b[2J')")
unlucky(MUCH, "a loop of asyncio that goes on", "import asyncio, threading\nloop = asyncio.new_event_loop()\nthreading.Thread(target=loop.run_forever, daemon=True).start()\nasync def f():\n    while True: await asyncio.sleep(0)\nasyncio.run_coroutine_threadsafe(f(), loop)")

# --- Nothing wrong, but unusual -------------------------------------------------------------------------------------------------------
STYLE = "unusual and right"
unlucky(STYLE, "a warning on stderr", prefix="import warnings\ndef prefix(x):\n    warnings.warn('beware')\n    return np.cumsum(x)")
unlucky(STYLE, "a print in the answer", prefix="def prefix(x):\n    print('here', x)\n    return np.cumsum(x)")
unlucky(STYLE, "a note on stderr", prefix="import sys\ndef prefix(x):\n    print('here', file=sys.stderr)\n    return np.cumsum(x)")
unlucky(STYLE, "a list instead of an array", points=(2, 0, 3, 1), prefix="def prefix(x):\n    return [sum(x[: i + 1]) for i in range(len(x))]", why_not="it is so in one process too")
unlucky(STYLE, "float32", prefix="def prefix(x):\n    return np.cumsum(x, dtype='float32')")
unlucky(STYLE, "magics", "%timeit -n1 -r1 1\n%%time\n")
unlucky(STYLE, "a shell line", "!ls")
unlucky(STYLE, "a shell line in an answer", prefix="!echo here\nfiles = !ls\ndef prefix(x):\n    return np.cumsum(x)")
unlucky(STYLE, "a shell that waits for what it has started", prefix="!sleep 0.1 & wait\nimport subprocess\nsubprocess.run('sleep 0.1 & wait', shell=True)\ndef prefix(x):\n    return np.cumsum(x)")
unlucky(STYLE, "two processes go on after a fork", "import os\nos.fork()")
unlucky(STYLE, "an answer that forks, and returns twice", prefix="import os\ndef prefix(x):\n    os.fork()\n    return np.cumsum(x)")
unlucky(STYLE, "%%time over an answer", prefix="%%time\ndef prefix(x):\n    return np.cumsum(x)")
unlucky(STYLE, "%%capture over an answer", prefix="%%capture said\nprint('here')\ndef prefix(x):\n    return np.cumsum(x)")
unlucky(STYLE, "an answer that awaits", prefix="import asyncio\nawait asyncio.sleep(0)\ndef prefix(x):\n    return np.cumsum(x)")
unlucky(STYLE, "an answer out of a file", "%%writefile mine.py\ndef prefix(x):\n    import numpy\n    return numpy.cumsum(x)", prefix="%run mine.py")
unlucky(STYLE, "an object that is called", prefix="class Prefix:\n    def __call__(self, x):\n        return np.cumsum(x)\nprefix = Prefix()")
unlucky(STYLE, "an exit after an answer", prefix="import sys\ndef prefix(x):\n    return np.cumsum(x)\nsys.exit()")
unlucky(STYLE, "input()", "name = input('your name? ')")
unlucky(STYLE, "await", "import asyncio\nawait asyncio.sleep(0.01)")
unlucky(STYLE, "a figure", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
unlucky(STYLE, "a cell that is no Python", "def broken(:")
unlucky(STYLE, "NumPy once more, by another name", "import numpy\nimport numpy as np")
unlucky(STYLE, "a global that an answer uses", prefix="OFFSET = 0\ndef prefix(x):\n    return np.cumsum(x) + OFFSET")
unlucky(STYLE, "a context that is German", "import locale\ntry: locale.setlocale(locale.LC_ALL, 'de_DE.UTF-8')\nexcept locale.Error: pass")
unlucky(STYLE, "numbers are printed with two digits", "np.set_printoptions(precision=2)" )
unlucky(STYLE, "warnings are errors", "import warnings\nwarnings.simplefilter('error')")
unlucky(STYLE, "another backend", "import matplotlib\nmatplotlib.use('svg')")
unlucky(STYLE, "autoreload", "%load_ext autoreload\n%autoreload 2")
unlucky(STYLE, "all expressions are shown", "from IPython.core.interactiveshell import InteractiveShell\nInteractiveShell.ast_node_interactivity = 'all'")
unlucky(STYLE, "a class and its method", prefix="class Sums:\n    def __init__(self): self.kept = []\n    def prefix(self, x):\n        return np.cumsum(x)\nprefix = Sums().prefix")
unlucky(STYLE, "a partial function", biggest="import functools\nbiggest = functools.partial(max, default=0)")
unlucky(STYLE, "a function that is cached", biggest="import functools\n@functools.lru_cache\ndef _biggest(items):\n    return max(items)\ndef biggest(items):\n    return _biggest(tuple(items))")
unlucky(STYLE, "a ufunc of its own", prefix="prefix = np.add.accumulate")
unlucky(STYLE, "two answers that call each other", biggest="def larger(a, b):\n    return a if a > b else b\ndef biggest(items):\n    best = items[0]\n    for item in items:\n        best = larger(best, item)\n    return best")


# --- The file --------------------------------------------------------------------------------------------------------------------------
def right(change: Callable[[Notebook], None]) -> Callable[[Notebook], bytes]:
    return written(RIGHT, change=change)


def wrong(change: Callable[[Notebook], None]) -> Callable[[Notebook], bytes]:
    return written(WRONG, change=change)


def each(wanted: Callable[[dict], bool], change: Callable[[dict], object]) -> Callable[[Notebook], None]:
    def all_of_them(notebook: Notebook) -> None:
        for cell in notebook["cells"]:
            if wanted(cell):
                change(cell)

    return all_of_them


def is_test(cell: dict) -> bool:
    return bool(marks(cell).get("grade"))


def is_answer(cell: dict) -> bool:
    return bool(marks(cell).get("solution"))


def without(wanted: Callable[[dict], bool]) -> Callable[[Notebook], None]:
    return lambda notebook: notebook.update(cells=[cell for cell in notebook["cells"] if not wanted(cell)])


def twice(notebook: Notebook) -> None:
    copies = [{**cell, "id": f"copy-{n}", "source": "1 / 0"} for n, cell in enumerate(notebook["cells"]) if is_answer(cell)]
    notebook["cells"] = [*copies, *notebook["cells"]]


def split(notebook: Notebook) -> None:
    (n,) = (n for n, cell in enumerate(notebook["cells"]) if marks(cell).get("grade_id") == "prefix")
    notebook["cells"].insert(n, {**notebook["cells"][n], "id": "half", "source": "half = 1"})


def after_the_first_test(*sources: str) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        (n,) = (n for n, cell in enumerate(notebook["cells"]) if marks(cell).get("grade_id") == "test_prefix")
        notebook["cells"][n + 1 : n + 1] = [code(source) | {"id": f"then-{k}"} for k, source in enumerate(sources)]

    return change


SHOW = "from IPython.display import display\ndisplay({'text/plain': 'x' * 3_900_000}, raw=True)"
odd("tests are deleted", wrong(without(is_test)), points=NONE)
odd("tests are tagged skip-execution", wrong(each(is_test, lambda c: c["metadata"].update(tags=["skip-execution"]))), points=NONE, trips="")
odd("all tests say pass", wrong(each(is_test, lambda c: c.update(source="pass"))), points=NONE, why_not="stock nbgrader puts the source back")
odd("tests are worth 100", wrong(each(is_test, lambda c: marks(c).update(points=100))), points=NONE, why_not="stock nbgrader puts the points back")
odd("tests are Markdown", wrong(each(is_test, lambda c: [c.update(cell_type="markdown"), c.pop("outputs", 0), c.pop("execution_count", 0)])), points=NONE, why_not="stock nbgrader puts the type back")
odd("tests are answers too", wrong(each(is_test, lambda c: marks(c).update(solution=True, locked=False))), points=NONE, trips="")
odd("answers are tests", right(each(is_answer, lambda c: marks(c).update(grade=True, points=1))))
odd("answers are Markdown", right(each(is_answer, lambda c: [c.update(cell_type="markdown"), c.pop("outputs", 0), c.pop("execution_count", 0)])))
odd("answers are raw", right(each(is_answer, lambda c: [c.update(cell_type="raw"), c.pop("outputs", 0), c.pop("execution_count", 0)])))
odd("nbgrader's marks are gone", right(each(lambda c: True, lambda c: c["metadata"].clear())))
odd("nbgrader's marks and the cells' ids are gone", right(each(lambda c: True, lambda c: [c["metadata"].clear(), c.pop("id", None)])))
odd("marks of the answers are gone", right(each(is_answer, lambda c: c["metadata"].clear())))
odd("grade ids are numbers", right(each(is_answer, lambda c: marks(c).update(grade_id=7))))
odd("the schema is old", right(each(lambda c: bool(marks(c)), lambda c: marks(c).update(schema_version=1))))
odd("the schema is from the future", right(each(lambda c: bool(marks(c)), lambda c: marks(c).update(schema_version=99))))
odd("metadata are lists", right(each(lambda c: True, lambda c: c.update(metadata=[]))))
odd("answers twice", right(twice))
odd("an answer in two cells", right(split))
odd("upside down", right(lambda n: n["cells"].reverse()))
odd("answers deleted, but one", written({"prefix": RIGHT["prefix"]}, change=without(lambda c: is_answer(c) and marks(c)["grade_id"] != "prefix")), points=(2, 1, 0, 0))
odd("the import is deleted", right(without(lambda c: "import numpy" in str(c["source"]))))
odd("a kernel that nobody has", right(lambda n: n["metadata"].update(kernelspec={"name": "julia", "display_name": "Julia", "language": "julia"})))
odd("no metadata at all", right(lambda n: n.pop("metadata")))
odd("nbformat 3", lambda n: json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [{**c, "input": c["source"], "language": "python"} for c in json.loads(written(RIGHT)(n))["cells"]], "metadata": {}}]}).encode())
odd("null bytes", lambda n: written(RIGHT)(n).replace(b"import numpy", b"\0import numpy"))
odd("a byte order mark", lambda n: b"\xef\xbb\xbf" + written(RIGHT)(n))
odd("half a character", lambda n: written(RIGHT, "'\ud800'")(n))
odd("in Latin-1", lambda n: written(RIGHT, "'caf\u00e9'")(n).replace(b"\\u00e9", b"\xe9"))
odd("ten megabytes", right(lambda n: n["cells"][0].update(attachments={"a.png": {"image/png": "A" * 10_000_000}})))
odd("a thousand cells", right(lambda n: n["cells"].extend(code(f"{i}") | {"id": f"more-{i}"} for i in range(1000))), why_not="it only takes long")
odd("outputs that lie", wrong(each(is_test, lambda c: c.update(outputs=[{"output_type": "execute_result", "data": {"text/plain": "3"}, "metadata": {}, "execution_count": 1}]))), points=NONE)
odd("cells without a source", right(lambda n: n["cells"].append({"cell_type": "code", "metadata": {}})))
odd("cells that are none", right(lambda n: n["cells"].extend([None, 3, "x"])))
odd("a picture", lambda n: b"\x89PNG\r\n\x1a\n\0\0", points=NOTHING)
odd("nothing", lambda n: b"", points=NOTHING)
odd("half a notebook", lambda n: written(RIGHT)(n)[:500], points=NOTHING)
odd("a list", lambda n: b"[1, 2]", points=NOTHING)
odd("in UTF-16", lambda n: written(RIGHT)(n).decode().encode("utf-16"))
odd("Windows' line ends", right(each(lambda c: True, lambda c: c.update(source="".join(c["source"]).replace("\n", "\r\n")))))
odd("a number of ten thousand digits", lambda n: written(RIGHT)(n).replace(b'"nbformat_minor": 5', b'"nbformat_minor": ' + b"5" * 10_000))
odd("cells twice, the first time none", lambda n: written(RIGHT)(n).replace(b'"cells": [', b'"cells": [], "cells": [', 1))
odd("six thousand cells before all others", right(lambda n: n.update(cells=[*(code("") | {"id": f"more-{i}"} for i in range(6000)), *n["cells"]])))
odd("cells that take their time", right(after_the_first_test(*["import time\ntime.sleep(1.8)"] * 4)))
odd("eighty cells that show four megabytes", right(after_the_first_test(*[SHOW] * 80)))
odd("a lesson's id on an added cell", wrong(lambda n: n["cells"].append(code("assert_allclose = lambda *a, **k: None") | {"id": "lesson-1"})), points=NONE, why_not="it could mean something to who matches cells by their marks")
odd("the import is rewritten", written({**WRONG, "prefix": NEARLY}, change=lambda n: [c.update(source="import numpy as np\nassert_allclose = lambda *a, **k: None") for c in n["cells"] if "import numpy" in c["source"]]), points=NONE, why_not="it could mean something to who matches cells by their marks")
odd("an answer under a test's mark", wrong(lambda n: n["cells"].extend([code("total = 6") | {"metadata": {"nbgrader": {"grade_id": "test_total", "grade": True, "solution": True, "locked": False, "points": 50, "schema_version": 3}}}])), points=NONE, why_not="it could mean something to who matches cells by their marks")
odd("half a character in a mark", right(lambda n: n["cells"].append(code("1") | {"metadata": {"nbgrader": {"grade_id": "\ud800"}}})))
odd("marks that are lists", right(each(lambda c: not marks(c), lambda c: c["metadata"].update(nbgrader=[1, 2]))))
odd("a checksum that is an object", right(each(is_test, lambda c: marks(c).update(checksum={"a": 1}, points={"b": 2}))))
odd("points of a thousand digits", right(each(is_test, lambda c: marks(c).update(points=int("9" * 400)))))
odd("numbers that are none", lambda n: written(RIGHT)(n).replace(b'"nbformat_minor": 5', b'"nbformat_minor": NaN, "x": -Infinity'))
odd("nested a hundred thousand deep", lambda n: written(RIGHT)(n).replace(b'"nbformat_minor": 5', b'"nbformat_minor": 5, "x": ' + b"[" * 100_000 + b"]" * 100_000), points=NOTHING, why_not="it is no notebook that anybody can read")
odd("a gzipped notebook", lambda n: __import__("gzip").compress(written(RIGHT)(n)), points=NOTHING, why_not="it is no notebook that anybody can read")
odd("two notebooks, one behind the other", lambda n: written(WRONG)(n) + written(RIGHT)(n), points=NOTHING, why_not="it is no notebook that anybody can read")
odd("a notebook in a notebook", lambda n: json.dumps({"cells": [code(written(RIGHT)(n).decode())], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode(), points=NOTHING, why_not="it is no notebook that anybody can read")
odd("carriage returns alone", right(each(lambda c: True, lambda c: c.update(source="".join(c["source"]).replace("\n", "\r")))))
odd("tabs and form feeds", right(each(is_answer, lambda c: c.update(source="\x0c\n" + "".join(c["source"]).replace("    ", "\t")))))
