"""Onset, apex and offset as they are known, and nothing where only noise is."""

import numpy as np
import pandas as pd
import pytest

from emotiscan.video.events import find_events
from emotiscan.video.smoothing import smooth
from emotiscan.video.timeline import Timeline

RATE = 25


def movement(times, onset, rise, hold, fall):
    """Intensity of a movement that eases in and out, 0 to 1."""
    share = np.minimum(
        np.clip((times - onset) / rise, 0, 1), np.clip((onset + rise + hold + fall - times) / fall, 0, 1)
    )
    return share**2 * (3 - 2 * share)


def probability(intensity, rng, noise=0.3):
    """What a calibrated network says of an intensity."""
    return 1 / (1 + np.exp(4.5 - 9 * intensity + rng.normal(0, noise, len(intensity))))


def table_of(times, curves, track=1):
    return pd.DataFrame(
        {"frame": np.arange(len(times)), "time": times, "track": track, "positive": 0.7, "neutral": 0.3} | curves
    )


def timeline_of(times, curves, cuts=()):
    thresholds = {name: 0.5 for name in curves if not name.endswith("_intensity")}
    return Timeline(table_of(times, curves), times, ("positive", "neutral"), thresholds, cuts)


def test_events_begin_peak_and_end_when_the_movement_does(rng):
    times = np.arange(0, 40, 1 / RATE)
    known = [(start, *rng.uniform(0.25, 0.6, 1), 0.5, *rng.uniform(0.25, 0.6, 1)) for start in np.arange(1, 38, 3.0)]
    curve = probability(sum(movement(times, *one) for one in known), rng)
    events = timeline_of(times, {"AU12": curve}).events
    assert len(events) == len(known)
    truth = np.array([(on, on + rise + hold / 2, on + rise + hold + fall) for on, rise, hold, fall in known])
    found = np.array([(event.onset, event.apex, event.offset) for event in events])
    assert (np.median(np.abs(found - truth), axis=0) * RATE <= 1.5).all()
    assert all(event.complete and event.peak > 0.9 for event in events)


def test_noise_makes_no_events(rng):
    times = np.arange(0, 40, 1 / RATE)
    assert not timeline_of(times, {"AU12": probability(np.zeros(len(times)), rng, 0.8)}).events


def test_a_movement_at_the_edge_of_what_was_seen_is_not_complete(rng):
    times = np.arange(0, 2, 1 / RATE)
    (event,) = timeline_of(times, {"AU12": probability(movement(times, -1, 0.3, 2, 0.4), rng)}).events
    assert not event.complete
    assert event.onset == 0


def test_no_event_spans_a_cut_or_a_gap(rng):
    times = np.arange(0, 4, 1 / RATE)
    curve = probability(movement(times, 1, 0.3, 1.5, 0.3), rng)
    assert len(timeline_of(times, {"AU12": curve}, cuts=(2.0,)).events) == 2
    kept = (times < 1.6) | (times > 2.4)
    assert len(timeline_of(times[kept], {"AU12": curve[kept]}).events) == 2


def test_an_uneven_rate_moves_nothing(rng):
    times = np.cumsum(rng.choice([0.0137, 0.0417, 0.033], 400))
    curve = probability(movement(times, 4, 0.4, 0.5, 0.4), rng, 0.1)
    (event,) = timeline_of(times, {"AU12": curve}).events
    assert (event.onset, event.apex, event.offset) == pytest.approx((4, 4.65, 5.3), abs=0.08)


def test_smoothing_keeps_parabolas_and_removes_outliers():
    times = np.sort(np.random.default_rng(1).uniform(0, 4, 120))
    parabola = (0.2 + 0.3 * times - 0.05 * times**2)[:, None]
    assert smooth(times, parabola)[10:-10] == pytest.approx(parabola[10:-10], abs=2e-3)
    spike = np.zeros((60, 1))
    spike[30] = 1
    assert np.abs(smooth(np.arange(60) / RATE, spike)).max() < 1e-9
    unknown = np.ones((9, 1))
    unknown[4] = np.nan
    smoothed = smooth(np.arange(9) / RATE, unknown)
    assert np.isnan(smoothed[4])
    assert smoothed[[0, 1, 2, 3, 5, 6, 7, 8]] == pytest.approx(1)


def test_raw_curves_are_kept(rng):
    times = np.arange(0, 2, 1 / RATE)
    curve = probability(movement(times, 0.5, 0.3, 0.4, 0.3), rng)
    track = timeline_of(times, {"AU12": curve}).tracks[1]
    assert (track.raw["AU12"] == curve).all()
    assert track.smoothed["AU12"].std() < curve.std() + 0.05


def test_blinks_are_short_closures(rng):
    times = np.arange(0, 6, 1 / RATE)
    closed = movement(times, 1, 0.08, 0.04, 0.1) + movement(times, 3, 0.2, 1.2, 0.2)
    timeline = timeline_of(times, {"AU43": probability(closed, rng, 0.2)})
    assert [round(blink.apex, 1) for blink in timeline.blinks] == [1.1]
    assert [event.au for event in timeline.events] == ["AU43"]
    assert set(timeline.events_to_frame()["au"]) == {"AU43", "AU45"}


def test_a_face_that_always_frowns_a_little_is_neutral_to_itself(rng):
    times = np.arange(0, 10, 1 / RATE)
    frown = probability(0.45 + 0.5 * movement(times, 5, 0.4, 1, 0.4), rng, 0.1)
    timeline = timeline_of(times, {"AU4": frown, "AU4_intensity": 1.5 + 0 * times})
    assert timeline.baseline(0, 4)[1]["AU4"] == pytest.approx(0.4, abs=0.1)
    for own in (timeline.relative_to_baseline(), timeline.relative_to_baseline(0, 4)):
        assert own.tracks[1].raw["AU4"][:80].max() < 0.1
        assert own.tracks[1].raw["AU4_intensity"].max() < 0.1
        assert len(own.events) == 1


def test_intensities_give_peak_and_mean(rng):
    times = np.arange(0, 8, 1 / RATE)
    strength = movement(times, 2, 0.5, 1, 0.5)
    timeline = timeline_of(times, {"AU12": probability(strength, rng, 0.1), "AU12_intensity": 4 * strength})
    (event,) = timeline.events
    assert event.intensity == pytest.approx(4, abs=0.2)
    summary = timeline.summary().set_index("name")
    assert summary.loc["AU12", "share"] == pytest.approx(1.5 / 8, abs=0.03)
    assert summary.loc["AU12", "per_minute"] == pytest.approx(60 / 8, abs=0.1)
    assert 3 < summary.loc["AU12", "mean_intensity"] < 4
    assert summary.loc["positive", "share"] == 1


def test_co_occurrence_is_the_share_of_common_time(rng):
    times = np.arange(0, 10, 1 / RATE)
    one = probability((times < 4) * 1.0, rng, 0)
    other = probability(((times >= 2) & (times < 5)) * 1.0, rng, 0)
    shares = timeline_of(times, {"AU6": one, "AU12": other}).co_occurrence(1)
    assert shares.loc["AU6", "AU6"] == pytest.approx(0.4, abs=0.02)
    assert shares.loc["AU6", "AU12"] == shares.loc["AU12", "AU6"] == pytest.approx(0.2, abs=0.02)


def test_an_action_unit_that_cannot_be_seen_makes_no_event():
    times = np.arange(0, 2, 1 / RATE)
    assert not find_events(times, np.full(len(times), np.nan), 0.5)


def test_people_are_kept_apart():
    times = np.arange(0, 1, 1 / RATE)
    both = pd.concat([table_of(times, {"AU12": 0 * times}, 1), table_of(times[5:], {"AU12": 1 + 0 * times[5:]}, 2)])
    timeline = Timeline(both, times, ("positive", "neutral"), {"AU12": 0.5})
    assert {event.track for event in timeline.events} == {2}
    assert len(timeline.to_frame()) == len(both)


def test_times_that_go_backwards_are_put_in_order():
    times = [0.04, 0.12, 0.16, 0.08, 0.24, 0.2]
    timeline = Timeline(table_of(times, {"AU12": np.zeros(6)}), times, ("positive", "neutral"), {"AU12": 0.5})
    assert timeline.tracks[1].times == pytest.approx(sorted(times))


def test_expressions_and_pose_have_curves_too(rng):
    times = np.arange(0, 4, 1 / RATE)
    happy = movement(times, 1, 0.3, 1, 0.3)
    shown = {"happiness": happy, "anger": (1 - happy) / 2, "neutral": (1 - happy) / 2 + 0.001, "yaw": 40 * happy - 20}
    table = table_of(times, {"AU12": 0 * times} | shown)
    timeline = Timeline(table, times, ("positive", "neutral"), {"AU12": 0.5})
    assert timeline.expressions == ("neutral", "happiness", "anger")
    track = timeline.tracks[1]
    assert track.smoothed["yaw"].min() == pytest.approx(-20, abs=0.5)
    assert track.smoothed["happiness"][45] == pytest.approx(1, abs=0.02)
    summary = timeline.summary().set_index("name")
    assert summary.loc["happiness", "share"] == pytest.approx(1.3 / 4, abs=0.05)
    assert summary.index.is_unique
    assert {"happiness", "yaw", "AU12"} <= set(timeline.to_frame().columns)


def test_frames_of_low_quality_stay_raw_but_make_no_event(rng):
    times = np.arange(0, 6, 1 / RATE)
    curve = probability(movement(times, 1, 0.3, 0.5, 0.3) + movement(times, 4, 0.3, 0.5, 0.3), rng, 0.1)
    usable = (times < 0.5) | (times > 2.5)
    table = table_of(times, {"AU12": curve, "usable": usable})
    timeline = Timeline(table, times, ("positive", "neutral"), {"AU12": 0.5})
    assert [event.apex > 3 for event in timeline.events] == [True]
    assert (timeline.tracks[1].raw["AU12"] == curve).all()
    assert np.isnan(timeline.tracks[1].smoothed["AU12"][~usable]).all()
    assert len(timeline.including_unusable().events) == 2
    row = timeline.summary().iloc[0]
    assert (row["usable"], row["seconds"]) == pytest.approx((usable.mean(), 4), abs=0.1)


def test_one_bad_frame_does_not_split_an_event(rng):
    times = np.arange(0, 4, 1 / RATE)
    curve = probability(movement(times, 1, 0.3, 1.5, 0.3), rng, 0.1)
    usable = np.abs(times - 2) > 0.05
    curve[~usable] = 0
    timeline = Timeline(table_of(times, {"AU12": curve, "usable": usable}), times, ("positive",), {"AU12": 0.5})
    assert len(timeline.events) == 1
