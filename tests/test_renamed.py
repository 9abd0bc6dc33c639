"""Old names keep working: those that notebooks handed out earlier and other people's configurations import."""

import importlib
import sys

import pytest

import autograder.nbgrader_plugins
import leftcontext.model.training
from autograder.feedback.exporter import FeedbackExporter

# Every import of the course's own in the notebooks and the workspace's first page before the modules moved into folders.
OLD_IMPORTS = {
    "autograder": ("check", "own"),
    "autograder.bank": ("find",),
    "autograder.overview": ("overview",),
    "leftcontext": ("clinic", "evaluation", "generation", "mini_gpt", "real_masks", "specimens"),
    "leftcontext.audit": ("audit",),
    "leftcontext.bridge": ("JAX", "NONE", "TORCH", "counterparts"),
    "leftcontext.characters": ("CHARACTER_MODEL", "character_language"),
    "leftcontext.demo": ("held_out_rows",),
    "leftcontext.evaluation": ("held_out_loss", "influence", "leak", "position_losses"),
    "leftcontext.generation": ("generate_texts", "share_legal"),
    "leftcontext.inference": ("unmasked_change",),
    "leftcontext.language": ("LITTLE_LANGUAGE", "SENTENCE"),
    "leftcontext.mini_gpt": ("init_params", "loss_and_gradients"),
    "leftcontext.model": ("Config", "Transformer"),
    "leftcontext.picture": ("side_by_side",),
    "leftcontext.plane": ("show_arrows", "show_mixture"),
    "leftcontext.plots": ("show_curves", "show_losses", "show_matrices", "show_matrix", "show_texts"),
    "leftcontext.progress": ("track",),
    "leftcontext.specimens": ("influence",),
    "leftcontext.training": ("Adam", "Schedule", "allowed_by", "train"),
    "leftcontext.widgets": (
        "AttentionMap", "BlockTiles", "CachedGeneration", "GradientPattern", "Heads", "LeakDetector", "LeftContext",
        "MaskPainter", "MaskZoo", "SingleToken", "TrainAndGenerate",
    ),
}  # fmt: skip


@pytest.mark.parametrize("module", OLD_IMPORTS)
def test_what_old_notebooks_import_is_found(module: str) -> None:
    space: dict[str, object] = {}
    exec(f"from {module} import {', '.join(OLD_IMPORTS[module])}", space)
    assert set(OLD_IMPORTS[module]) <= space.keys()


def test_what_old_configurations_name_is_found() -> None:
    assert importlib.import_module("autograder.pages.feedback").FeedbackExporter is FeedbackExporter
    assert (
        importlib.import_module("autograder.nbgrader_execute").PREPROCESSORS
        is autograder.nbgrader_plugins.PREPROCESSORS
    )


def test_an_old_name_is_the_module_itself_and_leaves_it_as_it_is() -> None:
    old = importlib.import_module("leftcontext.training")
    assert old is leftcontext.model.training
    assert sys.modules["leftcontext.training"] is old
    assert old.__name__ == old.__spec__.name == "leftcontext.model.training"


def test_a_name_that_never_was_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"autograder\.nothing"):
        importlib.import_module("autograder.nothing")
