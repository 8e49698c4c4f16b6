"""The Model page: every report of a checkpoint, as plots and tables."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd

from tests.support.pages import GUIDE, MODEL, texts


def test_shipped_checkpoint_shows_all_its_reports(app):
    at = app.switch_page(MODEL).run()
    assert not at.exception
    assert any("Accuracy" in metric.label for metric in at.metric)
    headings = [heading.value for heading in at.subheader]
    assert {"Fairness", "Heat map localization", "Training data"} <= set(headings)
    assert sum(heading.startswith("On the ") for heading in headings) >= 3
    assert len(at.get("plotly_chart")) >= 6


def test_another_metric_and_attribute_can_be_chosen(app):
    at = app.switch_page(MODEL).run()
    for group in [group for group in at.segmented_control if group.label == "Metric"]:
        group.set_value("Calibration error")
    at.selectbox(key="attribute-fairness-0").set_value("yaw")
    at.run()
    assert not at.exception
    assert "0 at best" in texts(at)


def test_calibration_metrics_are_shown(app, monkeypatch, tmp_path, tiny_model):
    from emotiscan.evaluation import evaluate_predictions
    from emotiscan.model.checkpoint import Card, save_checkpoint

    report = evaluate_predictions(
        emotions=("negative", "positive"),
        action_units=("AU12",),
        emotion_probabilities=[[0.9, 0.1], [0.3, 0.7]],
        au_probabilities=[[0.2], [0.7]],
        emotion_classes=[0, 1],
        au_labels=[[0], [1]],
        subjects=["a", "b"],
        thresholds={},
        clear=[True, False],
    )
    card = Card(tiny_model.config, metrics={"calibration": report.to_dict()})
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(save_checkpoint(tmp_path / "a.safetensors", tiny_model, card)))
    at = app.run().switch_page(MODEL).run()
    assert not at.exception
    shown = {metric.label: metric.value for metric in at.metric}
    assert shown["Calibration error"] == "0.200"
    assert shown["AU calibration error"] == "0.250"
    assert (shown["Called clear"], shown["Accuracy if clear"]) == ("0.500", "1.000")
    assert at.dataframe[0].value["Calibration error"].iloc[0].startswith("0.250 [")
    assert "faces used to calibrate the probabilities" in texts(at)


def test_localization_metrics_are_shown(app, monkeypatch, tmp_path, tiny_model):
    from emotiscan.evaluation.localization import localization
    from emotiscan.model.checkpoint import Card, save_checkpoint

    maps, places = np.zeros((2, 2, 2, 2), np.float32), np.zeros((2, 2, 2, 2), bool)
    maps[:, 0, 0, 0], places[:, 0, 0] = (3, 1), True
    maps[1, 0, 1, 1] = 3
    report = localization(("AU12", "AU1"), maps, places, [[1, 0], [1, 0]], ["a", "b"])
    report = replace(report, baselines={"centered blob": report.mean})
    card = Card(tiny_model.config, metrics={"p": report.to_dict()})
    weights = save_checkpoint(tmp_path / "a.safetensors", tiny_model, card)
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(weights))
    at = app.run().switch_page(MODEL).run()
    assert not at.exception
    table = at.dataframe[0].value
    assert list(table["Map of"]) == ["AU12", "mean of the action units", "centered blob"]
    assert list(table["Faces"]) == ["2", "", ""]
    assert table["Peak in region"][0].startswith("0.500 [")
    assert table["Energy in region"][0].startswith("0.625 [")
    assert table["Region's share of the face"][0] == "0.500 [0.500, 0.500]"


def test_maps_of_absent_units_are_reported_but_are_not_the_reference_line(app, monkeypatch, tmp_path, tiny_model):
    from emotiscan.model.checkpoint import Card, save_checkpoint

    def at_level(value):
        return {figure: {"value": value, "low": None, "high": None} for figure in ("pointing", "energy", "area")}

    report = {"kind": "localisation", "samples": 9, "subjects": 9, "codes": {"AU1": at_level(0.9) | {"faces": 9}}}
    report |= {"mean": at_level(0.9), "absent_empty": 0.7}
    report["baselines"] = {"centered blob": at_level(0.125), "absent action units": at_level(0.75)}
    weights = save_checkpoint(tmp_path / "a.safetensors", tiny_model, Card(tiny_model.config, metrics={"p": report}))
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(weights))
    at = app.run().switch_page(MODEL).run()
    assert not at.exception
    (line,) = json.loads(at.get("plotly_chart")[0].proto.spec)["layout"]["shapes"]
    assert line["x0"] == 0.125
    assert (
        "70% of the absent action units have an empty map; 75% of the other maps of absent action units peak"
        in texts(at)
    )


def test_units_annotated_as_one_are_joined_with_or(app):
    at = app.switch_page(MODEL).run()
    assert any(
        "AU26 or AU27" in table.value.get("Action unit", pd.Series(dtype=str)).tolist() for table in at.dataframe
    )
    assert not any("_or_" in chart.proto.spec for chart in at.get("plotly_chart"))


def test_fairness_is_shown_and_unknown_reports_are_named(app, monkeypatch, tmp_path, tiny_model):
    from emotiscan.model.checkpoint import Card, save_checkpoint

    figure = {"value": 0.25, "low": 0.125, "high": 0.5}
    about = {
        "title": "Skin tone",
        "groups": {"dark": {"accuracy": figure}, "light": {"accuracy": figure | {"value": 0.5}}},
        "gap": {"accuracy": {"worst": "dark", "best": "light"} | figure, "code_auc": None},
    }
    drawn = {"kind": "fairness", "samples": 20, "subjects": 10, "attributes": {"skin_tone": about}}
    metrics = {"fairness": drawn, "later": {"kind": "speed", "faces": 3}, "odd": [1], "old": {"samples": 7}}
    weights = save_checkpoint(tmp_path / "a.safetensors", tiny_model, Card(tiny_model.config, metrics=metrics))
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(weights))
    at = app.run().switch_page(MODEL).run()
    assert not at.exception
    assert at.dataframe[0].value.to_dict("records") == [
        {
            "Attribute": "Skin tone",
            "Metric": "emotion accuracy",
            "Worst group": "0.250 (dark)",
            "Best group": "0.500 (light)",
            "Gap": "0.250 [0.125, 0.500]",
        }
    ]
    shown = texts(at)
    assert "10 subjects, 20 images" in shown
    assert "“later”" in shown
    assert "“odd”" in shown
    assert "On the old" in shown
    assert "7 faces." in shown


def test_missing_splits_are_shown_as_dashes(app, monkeypatch, tmp_path, tiny_model):
    from emotiscan.model.checkpoint import Card, save_checkpoint

    data = {"photos": {"train": 7, "validation": 2}, "drawn": {"train": 5, "test": 3}}
    card = Card(tiny_model.config, training={"data": data})
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(save_checkpoint(tmp_path / "a.safetensors", tiny_model, card)))
    table = app.run().switch_page(MODEL).run().table[0].value
    assert table.to_dict("records") == [
        {"Data set": "photos", "Train": "7", "Validation": "2", "Test": "–"},
        {"Data set": "drawn", "Train": "5", "Validation": "–", "Test": "3"},
    ]


def test_masked_action_units_are_shown_and_named_in_the_guide(app, monkeypatch, tmp_path, tiny_model):
    from emotiscan.evaluation import evaluate_predictions
    from emotiscan.model.checkpoint import Card, save_checkpoint

    random = np.random.default_rng(3)
    labels = (random.random((400, 2)) < 0.5).astype(float)
    scores = np.clip(0.3 + 0.4 * labels + random.normal(0, 0.1, labels.shape), 0, 1)
    scores[labels[:, 0] == 1, 1] = 0.5
    report = evaluate_predictions(
        emotions=("negative", "positive"),
        action_units=("AU6", "AU7"),
        emotion_probabilities=np.full((400, 2), 0.5),
        au_probabilities=scores,
        emotion_classes=np.full(400, -1),
        au_labels=labels,
        subjects=np.arange(400),
        thresholds={},
        bootstraps=20,
        with_masking=True,
    )
    card = Card(tiny_model.config, metrics={"rendered": report.to_dict()})
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(save_checkpoint(tmp_path / "a.safetensors", tiny_model, card)))
    at = app.run().switch_page(MODEL).run()
    assert not at.exception
    assert "Action units masked by others" in texts(at)
    assert "Of 2 pairs" in texts(at)
    at = app.switch_page(GUIDE).run()
    at.pills(key="au").set_value("AU7").run()
    assert not at.exception
    assert "**Harder to detect when present together with** AU6 (AUC 0.500" in texts(at)
    at.pills(key="au").set_value("AU6").run()
    assert "Harder to detect" not in texts(at)


def test_metrics_that_rest_on_ai_annotations_say_so(app):
    at = app.switch_page(MODEL).run()
    tabs = [tab.label for tab in at.tabs]
    assert [tab for tab in tabs if "AI-annotated" in tab] == [
        "Thresholds (AI-annotated)",
        "Photos (AI-annotated)",
        "Photo heat maps (AI-annotated)",
        "Even smiles (AI-annotated)",
        "Pairs (AI-annotated)",
    ]
    for tab in at.tabs:
        if "AI-annotated" in tab.label:
            assert "AI-annotated" in " ".join(caption.value for caption in tab.caption)
    assert "by eye" not in texts(at)


def test_new_parts_and_kinds_of_reports_are_shown(app, monkeypatch, tmp_path, tiny_model):
    from emotiscan import reports
    from emotiscan.model.checkpoint import Card, save_checkpoint

    known = reports.Estimate(0.5, 0.4, 0.6)
    emotion = reports.EmotionReport(
        2, ("anger", "fear"), known, known, [[1, 0], [1, 0]], {"anger": reports.ClassMetrics(recall=0.123)}, known
    )
    outputs = reports.FaceOutputs(
        reports.ExpressionsReport(emotion, emotion, emotion),
        {"AU12": reports.IntensityMetrics(9, 5, *[known] * 5)},
        reports.IntensityMetrics(1, 0, *[known] * 5),
        {"AU14": reports.SideMetrics(3, 4, *[known] * 3)},
        pose=reports.PoseReport(9, 45, *[reports.Estimate(2.34)] * 4),
        quality={"blurred": reports.ProblemMetrics(3, 6, *[known] * 3)},
    )
    compared = reports.PeerComparison(5, known, known, known)
    stored = {
        "rendered": reports.EvaluationReport(9, 9, emotion, outputs=outputs),
        "quality": reports.QualityReport(9, 9, outputs.quality, known, known),
        "small-faces": reports.ScaleReport(9, 9, action_units={"AU6": reports.Change(known, known)}, mean=known),
        "pairs": reports.PairReport(9, 9, action_units={"AU12": reports.PairMetrics(9, known, known)}, mean=known),
        "against-fer": reports.PeerReport(9, 9, "fer", "25", known, {"accuracy of 4 emotions": compared}),
    }
    card = Card(tiny_model.config, metrics={name: report.to_dict() for name, report in stored.items()})
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(save_checkpoint(tmp_path / "a.safetensors", tiny_model, card)))
    at = app.run().switch_page(MODEL).run()
    assert not at.exception
    headings = [heading.value for heading in at.subheader]
    assert {"Quality problems", "Small faces", "Stronger and weaker movements", "Beside fer (PyPI)"} <= set(headings)
    assert "anger 0.123" in texts(at)
    assert {metric.label: metric.value for metric in at.metric}["Yaw"] == "2.3°"
