"""Performances: each event sounds when it is asked for, as strongly as it is asked for, and no two neighbours alike."""

import threading
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import soundfile
import torch
from hits import RATE, HitsFoley, hits
from wavinfo import WavInfoReader

from foley import Category, Foley
from foley.audio.onsets import find_onsets
from foley.evaluation.metrics.onsets import level_error_db, onset_score
from foley.perform import Event, EventError, EventList, PerformanceSettings, perform
from foley.perform.beds import under_curve
from foley.perform.events import LevelCurve
from foley.perform.one_shots import OneShot, at_strength, choose, one_shots_of
from foley.perform.onsets import events_of, level_curve
from foley.perform.output import read_performance, save
from foley.perform.performance import OneShotPool, stream_performance
from foley.perform.placing import make_room, placed
from foley.perform.recipes import from_recipe


@pytest.fixture(scope="module")
def model(checkpoint):
    return HitsFoley(Foley.from_pretrained(checkpoint).generate("Footstep", seed=1)[0])


@pytest.fixture(scope="module")
def events():
    random = np.random.default_rng(1)
    times = np.cumsum(random.uniform(0.25, 0.9, 12))
    return EventList.of_times(times, random.uniform(0.2, 1.0, 12))


@pytest.fixture(scope="module")
def performance(model, events):
    return perform(model, events, PerformanceSettings(Category.Footstep, seed=5))


def test_onsets_are_found_where_sounds_begin():
    times = [0.2, 0.7, 1.5, 3.0]
    found = [onset.sample / RATE for onset in find_onsets(hits(times, [1, 0.5, 0.2, 0.8]), RATE)]
    assert found == pytest.approx(times, abs=0.002)


def test_silence_and_steady_noise_hold_no_onsets():
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal(2 * RATE)).float() * 0.1
    assert find_onsets(torch.zeros(RATE), RATE) == [] and find_onsets(torch.zeros(3), RATE) == []
    assert len(find_onsets(noise, RATE)) <= 1


def test_a_recording_performs_its_onsets_and_its_level():
    events = events_of(hits([0.5, 1.5, 2.5], [1.0, 0.3, 0.6]), RATE)
    assert events.times_s == pytest.approx([0.5, 1.5, 2.5], abs=0.003)
    assert events.strengths[0] > events.strengths[2] > events.strengths[1]
    assert events.curve is not None and len(events.curve.levels_db) == 75


def test_every_event_sounds_within_ten_milliseconds_and_nothing_else_does(performance, events):
    found = np.array([onset.sample / RATE for onset in find_onsets(performance.waveform, RATE)])
    score = onset_score(found, events.times_s, tolerance_s=0.01)
    assert score.recall == 1.0 and score.precision == 1.0


def test_levels_follow_strengths(performance, events):
    samples = performance.waveform.numpy()
    levels = [
        10 * np.log10(np.mean(samples[(first := round(time * RATE)) : first + RATE // 20] ** 2))
        for time in events.times_s
    ]
    assert np.corrcoef(events.strengths, levels)[0, 1] >= 0.95


def test_neighbours_never_come_from_the_same_take(performance):
    assert len(performance.sources) == 12
    assert all(a != b for a, b in pairwise(performance.sources))


def take_of(model, waveform):
    return replace(model.take, waveform=waveform)


def test_one_shots_end_where_another_event_is_heard_in_them(model):
    cough = hits([0.3, 0.345], [1.0, 0.9], 2.0)  # too near for two onsets of a take
    cough[round(0.5 * RATE) : round(0.6 * RATE)] += 0.02 * torch.sin(torch.arange(2400) * 0.05)  # and a soft, low one
    [shot, *_] = one_shots_of(take_of(model, cough), "cough")
    quiet = at_strength(shot, 0.0, -15, RATE)
    assert len(find_onsets(torch.from_numpy(np.concatenate([np.zeros(RATE), quiet])), RATE)) == 1


def test_what_begins_gently_is_no_one_shot(model):
    random = np.random.default_rng(0)
    swell = np.concatenate([np.zeros(RATE), np.linspace(0, 0.3, RATE) * random.standard_normal(RATE)])
    assert one_shots_of(take_of(model, torch.from_numpy(swell).float()), "swell") == []


def test_a_soft_hit_is_heard_on_time_in_the_tail_of_a_hard_one():
    random = np.random.default_rng(1)
    burst = random.standard_normal(RATE) * np.exp(-np.arange(RATE) / (0.3 * RATE))
    shots = [OneShot(burst.astype(np.float32), 0, name) for name in "ab"]
    events = EventList.of_times([0.5, 0.9], [1.0, 0.2])
    found = [onset.sample / RATE for onset in find_onsets(torch.from_numpy(placed(events, shots, RATE)), RATE)]
    assert found == pytest.approx([0.5, 0.9], abs=0.01)


def test_softer_hits_are_darker():
    shot = OneShot(hits([0.0], [1.0], 0.3).numpy(), 0, "one")
    spectra = [np.abs(np.fft.rfft(at_strength(shot, strength, -15, RATE))) for strength in (0.1, 1.0)]
    soft, hard = ((np.arange(len(x)) * x).sum() / x.sum() for x in spectra)
    assert soft < 0.8 * hard


def test_each_one_shot_is_used_before_any_is_used_again(model):
    shots = [shot for n in range(6) for shot in one_shots_of(model.generate("Footstep", n)[0], f"seed {n}")]
    chosen = choose(shots, len(shots), seed=3)
    assert len({id(shot) for shot in chosen}) >= len(shots) - 2
    assert choose(shots, 9, seed=3) == chosen[:9] or len(chosen) == len(shots)


def test_the_same_request_gives_the_same_samples(model, events, performance):
    settings = PerformanceSettings(Category.Footstep, seed=5)
    pool = OneShotPool(model, settings)
    pool.shots(8)
    again = perform(model, events, settings, lambda _: pool)
    other = perform(model, events, PerformanceSettings(Category.Footstep, seed=6))
    assert torch.equal(perform(model, events, settings).waveform, performance.waveform)
    assert torch.equal(again.waveform, performance.waveform)
    assert not torch.equal(other.waveform, performance.waveform)


def test_two_that_fill_a_pool_at_once_draw_each_take_once(model, monkeypatch):
    seeds, generate = [], model.generate

    def slowly(*given, **more):
        seeds.append(given[1])
        time.sleep(0.02)
        return generate(*given, **more)

    monkeypatch.setattr(model, "generate", slowly)
    pool = OneShotPool(model, PerformanceSettings(Category.Footstep, seed=3))
    threads = [threading.Thread(target=pool.shots, args=(4,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seeds) == len(set(seeds)) == 4


def test_what_still_sounds_is_damped_by_the_next_hit():
    sound = np.full(RATE, 0.1)
    make_room(sound, RATE // 2, -40.0, RATE)
    assert sound[0] == 0.1 and np.allclose(sound[RATE // 2 :], 0.01)
    assert (np.diff(sound) <= 1e-12).all() and -np.diff(sound).min() < 0.001
    quiet = np.full(RATE, 0.001)
    make_room(quiet, RATE // 2, -40.0, RATE)
    assert (quiet == 0.001).all()


def test_each_event_may_have_a_class_of_its_own(model):
    asked = []

    def pools(settings):
        asked.append(settings.category)
        return OneShotPool(model, settings)

    events = EventList((Event(0.5), Event(1.0, 1.0, int(Category.GunShot)), Event(1.5)), 3.0)
    result = perform(model, events, PerformanceSettings(Category.Footstep), pools)
    assert asked == [Category.Footstep, Category.GunShot] and len(result.sources) == 3
    again = EventList(from_recipe(result.recipe)[0].events, 3.0)
    assert [event.category for event in again.events] == [None, int(Category.GunShot), None]


def test_takes_are_generated_one_by_one_so_that_stopping_ends_it(model, monkeypatch):
    seeds, generate = [], model.generate
    monkeypatch.setattr(model, "generate", lambda *given, **more: seeds.append(given[1]) or generate(*given, **more))
    steps = stream_performance(model, EventList.of_times(np.arange(30) / 4), PerformanceSettings(Category.Footstep))
    assert next(steps) == pytest.approx(0.1)
    assert len(seeds) == 1
    steps.close()
    assert len(seeds) == 1


def test_a_bed_follows_its_curve():
    random = np.random.default_rng(2)
    sound = 0.1 * random.standard_normal(8 * RATE)
    wanted = LevelCurve(tuple(-40 + 25 * np.sin(np.arange(150) / 12) ** 2), 18.75)
    found = level_curve(torch.from_numpy(under_curve(sound, wanted, RATE)), RATE)
    assert level_error_db(np.array(found.levels_db), np.array(wanted.levels_db)) < 1.0


def test_a_bed_is_as_long_as_asked_and_louder_where_asked(checkpoint):
    foley = Foley.from_pretrained(checkpoint)
    events = EventList((), 6.0, LevelCurve((-50.0, -50.0, -20.0, -20.0), 1.0))
    result = perform(foley, events, PerformanceSettings(Category.Rain, seed=2))
    assert result.waveform.shape == (6 * RATE,)
    assert result.waveform[4 * RATE :].square().mean() > 100 * result.waveform[:RATE].square().mean()


def test_a_saved_performance_comes_back(tmp_path, performance, events):
    paths = save(performance, tmp_path, kinds=("wav", "midi", "csv"), start_s=3600.0)
    again, settings, model = read_performance(paths["wav"])
    assert again.times_s == pytest.approx(events.times_s, abs=1e-6)
    assert settings == performance.settings and model == performance.model
    assert {path.suffix for path in paths.values()} == {".wav", ".mid", ".csv"}


def test_a_performance_carries_its_time_and_markers(tmp_path, performance, events):
    path = save(performance, tmp_path, start_s=3600.0)["wav"]
    info = WavInfoReader(str(path))
    assert info.bext.time_reference == 3600 * RATE
    assert [cue.position for cue in info.cues.cues] == [round(time * RATE) for time in events.times_s]
    assert soundfile.info(path).frames == len(performance.waveform)


def test_nothing_is_ever_overwritten(tmp_path, performance):
    first = save(performance, tmp_path)["wav"]
    (tmp_path / first.name).rename(tmp_path / first.name.upper())
    second = save(performance, tmp_path)["wav"]
    assert second.name != first.name and len(list(tmp_path.iterdir())) == 2


def test_what_cannot_be_performed_gives_a_sentence(model, tmp_path, performance):
    with pytest.raises(EventError, match="no events"):
        perform(model, EventList((), 4.0), PerformanceSettings(Category.Footstep))
    with pytest.raises(ValueError, match="way"):
        PerformanceSettings(Category.Footstep, way="loudly")
    with pytest.raises(EventError, match="No video"):
        save(performance, tmp_path, kinds=("video",))
    with pytest.raises(EventError, match="no kind"):
        save(performance, tmp_path, kinds=("mp3",))


def test_an_f1_counts_each_onset_once():
    assert onset_score(np.array([1.0, 1.01]), np.array([1.0])).precision == 0.5
    assert onset_score(np.array([1.04, 2.2]), np.array([1.0, 2.0])).f1 == 0.5
    assert onset_score(np.array([]), np.array([])).f1 == 1.0
    assert onset_score(np.array([]), np.array([1.0])).recall == 0.0
    assert onset_score(np.array([1.08]), np.array([1.0]), 0.1).f1 == 1.0
