"""The eleven incidents: each layer has its bug and no other, and its PyTorch twin gives the same."""

import inspect

import numpy as np
import pytest

from autograder.bank import catalog
from leftcontext.bugs import incident_layers, incidents
from leftcontext.bugs.incident_layers import CausalLayer

FORMS = [incident_layers.ChunkStates, incident_layers.SpectralFilter]
LAYERS = [CausalLayer, *(incident.layer for incident in incidents.INCIDENTS.values()), *FORMS]
PLAIN, OTHER_PATH, LARGE, IN_CHUNKS, NOT_AS_WHOLE, PADDED, PACKED, LABELS = range(8)
EXPECTED = {
    1: {PLAIN, OTHER_PATH, LARGE, IN_CHUNKS, NOT_AS_WHOLE},
    2: {LARGE},
    3: {PLAIN, OTHER_PATH, LARGE, IN_CHUNKS, NOT_AS_WHOLE},
    4: {PLAIN, OTHER_PATH, LARGE, IN_CHUNKS, NOT_AS_WHOLE},
    5: {OTHER_PATH},
    6: {NOT_AS_WHOLE},
    7: {IN_CHUNKS, NOT_AS_WHOLE},
    8: {PADDED, PACKED},
    9: {PACKED},
    10: {LABELS},
    11: {PLAIN, OTHER_PATH, LARGE, IN_CHUNKS, NOT_AS_WHOLE, PADDED, PACKED},
}


def is_causal(f, x):
    return catalog.find("is_causal").load().reference(f, x)


def alarms(layer: CausalLayer, seed: int = 0) -> set[int]:
    return {n for n, alarm in enumerate(incidents.alarms(layer, is_causal, seed).values()) if alarm}


@pytest.mark.parametrize("number", incidents.INCIDENTS)
@pytest.mark.parametrize("seed", [0, 1])
def test_each_incident_has_its_own_alarms(number: int, seed: int) -> None:
    assert alarms(incidents.INCIDENTS[number].layer(seed=seed), seed) == EXPECTED[number]


def test_a_right_layer_gives_no_alarm_and_packs_as_it_says() -> None:
    layer = CausalLayer(seed=3)
    assert alarms(layer) == set()
    x = np.random.default_rng(0).normal(size=(7, 4))
    beside = layer.packed(x, np.array([-1, 0, 0, 0, 1, 1, -1]))
    np.testing.assert_allclose(beside[1:4], layer(x[1:4]), atol=1e-12)
    np.testing.assert_allclose(beside[4:6], layer(x[4:6]), atol=1e-12)
    assert not beside[[0, 6]].any()


@pytest.mark.parametrize("layer", LAYERS[1:], ids=lambda layer: layer.__name__)
def test_an_incident_is_a_change_of_one_method(layer: type[CausalLayer]) -> None:
    assert len([name for name in vars(layer) if inspect.isfunction(getattr(layer, name)) and name != "__init__"]) == 1


def test_the_same_influence_and_alarms_need_another_report() -> None:
    """What the lesson says of the four reports with an alarm in the plain call."""
    plain = {letter for letter, each in incidents.reports().items() if PLAIN in EXPECTED[each.number]}
    assert plain == set("CHIK")
    assert {each.number for letter, each in incidents.reports().items() if letter in "ADF"} == {2, 5, 7}
    assert {each.number for letter, each in incidents.reports().items() if letter in "BEGJ"} == {6, 8, 9, 10}


def test_the_key_of_the_exercise_is_that_of_the_seed() -> None:
    diagnose = catalog.find("diagnose_incidents").load().reference
    drawn = incidents.reports(incidents.GRADED)
    assert {letter: diagnose(letter) for letter in drawn} == {letter: each.cause for letter, each in drawn.items()}
    assert len({each.cause for each in drawn.values()}) == 11 < len(incidents.CAUSES)


@pytest.mark.parametrize("number", incidents.INCIDENTS)
def test_a_report_names_its_sources_and_not_its_cause(number: int) -> None:
    incident = incidents.INCIDENTS[number]
    assert all(address.startswith("https://github.com/") for _, address in incident.sources)
    assert incidents.CAUSES[incident.cause] not in incident.symptom
    assert all(address in incidents.links(number).text for _, address in incident.sources)


def test_a_loss_is_asked_for_its_token() -> None:
    assert incidents.asked_for(CausalLayer()) == 1
    assert incidents.asked_for(incident_layers.ShiftedTwice()) == 2


WITHOUT_TWIN = ("PaddingCounted", "BlockSummary", "ChunkStates")  # which torch would write no other way
CALLS = [{}, {"fused": False}, {"chunks": (5, 3)}, {"chunks": (8,)}, {"chunks": (1,) * 8}]


@pytest.mark.parametrize("name", [layer.__name__ for layer in LAYERS if layer.__name__ not in WITHOUT_TWIN])
def test_the_twin_in_pytorch_gives_the_same(name: str) -> None:
    torch = pytest.importorskip("torch")
    from leftcontext.bugs import incident_layers_torch

    layer = getattr(incident_layers, name)(seed=5)
    assert type(layer) in incident_layers_torch.TWINS
    twin, rng = incident_layers_torch.twin(layer), np.random.default_rng(1)
    x, logits, tokens = rng.normal(size=(8, 4)), rng.normal(size=(2, 5, 7)), rng.integers(7, size=(2, 5))
    documents = np.array([0] * 3 + [1] * 5)
    with torch.no_grad():
        for options in CALLS:
            np.testing.assert_allclose(twin(torch.from_numpy(x), **options).numpy(), layer(x, **options), atol=1e-12)
        if name in ("CausalLayer", "PositionsOnly"):
            beside = twin.packed(torch.from_numpy(x), torch.from_numpy(documents)).numpy()
            np.testing.assert_allclose(beside, layer.packed(x, documents), atol=1e-12)
        assert float(twin.loss(torch.from_numpy(logits), torch.from_numpy(tokens))) == pytest.approx(
            layer.loss(logits, tokens)
        )


def test_the_audit_finds_what_leaks_and_warns_of_the_rest() -> None:
    from leftcontext.audit import audit

    x = np.random.default_rng(0).normal(size=(2, 16, 4))
    for number, layer in incidents.audited():
        if number in (3, 8, 9):
            report = audit(incidents.for_batches(layer), x, **incidents.audit_options(layer))
            assert report.causal == (number == 8)
            assert any("padded on the left" in warning for warning in report.warnings) == (number == 8)
