"""Reports become JSON and come back, also from what earlier versions wrote, and estimates format themselves."""

import json

import pytest

from emotiscan.model.checkpoint import load_checkpoint
from emotiscan.reports import (
    UNDEFINED,
    Estimate,
    EvaluationReport,
    FairnessReport,
    Gap,
    LocalizationReport,
    ReportError,
    read_report,
)

ESTIMATE = {"value": 0.25, "low": 0.125, "high": 0.5}


@pytest.mark.parametrize(
    ("estimate", "spec", "text"),
    [
        (Estimate(0.8123, 0.79, 0.8333), "", "0.812 [0.790, 0.833]"),
        (Estimate(0.8123, 0.79, 0.8333), ".2f", "0.81 [0.79, 0.83]"),
        (Estimate(0.8123, 0.79, 0.8333), ".0%", "81% [79%, 83%]"),
        (Estimate(0.5), "", "0.500"),
        (UNDEFINED, ".2f", "–"),
    ],
)
def test_an_estimate_formats_its_value_and_interval(estimate, spec, text):
    assert format(estimate, spec) == text
    if not spec:
        assert str(estimate) == text


def test_the_interval_alone_is_empty_without_one():
    assert Estimate(0.5, 0.25, 0.75).interval(".2f") == "[0.25, 0.75]"
    assert Estimate(0.5).interval() == UNDEFINED.interval() == ""


def test_the_shipped_checkpoints_reports_are_read_and_survive_json():
    kinds = {}
    for name, data in load_checkpoint()[1].metrics.items():
        report = read_report(data)
        assert read_report(json.loads(json.dumps(report.to_dict(), allow_nan=False))) == report
        kinds[name] = type(report)
    assert kinds["rendered"] is EvaluationReport
    assert kinds["places"] is LocalizationReport
    assert kinds["fairness"] is FairnessReport


def test_an_evaluation_report_of_an_earlier_version_is_read():
    au = {"auc": ESTIMATE, "f1": ESTIMATE, "support": 3, "known": 9}
    pair = {"code": "AU7", "beside": "AU6", "auc": ESTIMATE, "lost": ESTIMATE, "support": 20, "known": 50}
    report = read_report(
        {
            "samples": 9,
            "subjects": 3,
            "emotion": {"samples": 9, "labels": ["positive"], "mission": {"samples": 4, "accuracy": ESTIMATE}},
            "codes": {"AU26_or_AU27": au},
            "codes_mean": {"codes": 1, "auc": ESTIMATE},
            "hiding": {"pairs": 2, "found": [pair]},
        }
    )
    assert report.emotion.without_neutral.accuracy == Estimate(**ESTIMATE)
    assert report.action_units["AU26_or_AU27"].auc == Estimate(**ESTIMATE)
    assert report.action_units["AU26_or_AU27"].ece == UNDEFINED  # not measured yet
    assert report.action_units_mean.action_units == 1
    assert (report.masking.found[0].au, report.masking.found[0].beside) == ("AU7", "AU6")


def test_a_localization_report_of_an_earlier_version_is_read():
    metrics = {"pointing": ESTIMATE, "energy": ESTIMATE, "area": ESTIMATE}
    report = read_report(
        {
            "kind": "localisation",
            "samples": 9,
            "subjects": 3,
            "codes": {"AU1": metrics | {"faces": 9}, "AU2": None},
            "mean": metrics,
        }
    )
    assert list(report.action_units) == ["AU1"]
    assert list(report.mean.estimates) == ["pointing", "energy", "area"]  # “sides” came later
    assert report.to_dict()["kind"] == "localization"


def test_a_fairness_report_of_an_earlier_version_is_read():
    gap = {"worst": "dark", "best": "light"} | ESTIMATE
    attribute = {"title": "Skin tone", "groups": {"dark": {"code_auc": ESTIMATE}}, "gap": {"code_auc": gap}}
    report = read_report(
        {
            "kind": "fairness",
            "samples": 20,
            "attributes": {"skin_tone": attribute},
            "drawn": {"faces": 10},
            "photographs": {"samples": 4, "subjects": 2, "attributes": {"size": attribute}},
        }
    )
    skin = report.attributes["skin_tone"]
    assert skin.groups["dark"].metrics == {"au_auc": Estimate(**ESTIMATE)}
    assert skin.gap == {"au_auc": Gap("dark", "light", Estimate(**ESTIMATE))}
    assert skin.gap["au_auc"].is_significant
    assert report.photos.attributes["size"] == skin
    assert report.rendering == {"faces": 10}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1], "not list"),
        ({"kind": "speed", "samples": 1}, "“speed”"),
        ({"faces": 3}, "not an evaluation report"),
        ({"samples": 3, "codes": [1]}, "not an evaluation report"),
        ({"kind": "fairness"}, "not a fairness report"),
        ({"kind": "localization"}, "not a localization report"),
    ],
)
def test_what_is_no_known_report_is_refused(data, message):
    with pytest.raises(ReportError, match=message):
        read_report(data)
