"""nbgrader's steps are this clone's folders: source/ → notebooks/ and solutions/; what a class hands in lives in course/."""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 (given by traitlets)

root = Path(__file__).resolve().parent
(root / "course" / "exchange").mkdir(parents=True, exist_ok=True)
c.CourseDirectory.course_id = "left-context"
c.CourseDirectory.root = str(root)
c.CourseDirectory.release_directory = "notebooks"
c.CourseDirectory.solution_directory = "solutions"
for step in ("submitted", "autograded", "feedback"):
    setattr(c.CourseDirectory, f"{step}_directory", f"course/{step}")
c.CourseDirectory.db_url = f"sqlite:///{root}/course/gradebook.db"
# Applied to learners' folders too: narrow on purpose.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "ex_*.py", "quiz_*.md", "lesson.md"]
c.Exchange.root = os.environ.get("LEFTCONTEXT_EXCHANGE") or str(root / "course" / "exchange")  # a hub's lies outside the clone
c.ExportPlugin.to = str(root / "course" / "grades.csv")
c.GenerateAssignment.force = True  # notebooks/ is committed, so a release is always there already
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
c.ExecutePreprocessor.timeout = 120
if sys.platform == "linux":  # elsewhere there is no sandbox, and nbgrader runs submissions in its own kernel
    from autograder.nbgrader_plugins import PREPROCESSORS

    c.Autograde.autograde_preprocessors = PREPROCESSORS  # formgrader's button and `nbgrader autograde` isolate students' code
c.GenerateFeedback.exporter_class = "autograder.feedback.exporter.FeedbackExporter"  # pages without script

# nbgrader calls `alembic` by name when it makes a gradebook; without an activated venv, PATH has none.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
