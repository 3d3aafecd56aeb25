"""A whole evaluation on a tiny model: every score is there, means what it says, and is not computed twice."""

import json

import numpy as np
import pytest
import soundfile
import torch
from tiny import SECONDS, tiny_checkpoint

from foley.categories import Category
from foley.cli import main
from foley.evaluation.chain import PARTS, griffin_lim, through
from foley.evaluation.evaluate import EvaluationSettings, evaluate, evaluating, reference_statistics
from foley.evaluation.metrics.registry import SCORES
from foley.evaluation.report import Report
from foley.evaluation.report_files import save_report
from foley.evaluation.report_pages import comparison, report_markdown
from foley.pipeline import Foley

FEW = EvaluationSettings(per_class=2, draws=20)


class LevelEmbedder:
    """An embedder one can foretell: mean levels of eight bands in two windows."""

    name, dimension, fingerprint = "levels", 8, "levels"

    def embed(self, waveforms, sample_rate):
        windows = waveforms.unflatten(1, (2, -1)).abs()
        return np.log(windows.unflatten(2, (8, -1)).mean(dim=3).numpy() + 1e-6)


@pytest.fixture(scope="module", autouse=True)
def a_quick_griffin_lim():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("foley.evaluation.chain.ITERATIONS", 1)
        yield


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Takes of 24 columns of codes: an evaluation is the same on them, and three times as quick."""
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny", SECONDS)


@pytest.fixture(scope="module")
def foley(checkpoint):
    return Foley.from_pretrained(checkpoint)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("evaluation")


@pytest.fixture(scope="module")
def report(foley, dataset_folder, folder):
    return evaluate(foley, dataset_folder, folder, FEW, LevelEmbedder())


def test_every_class_has_every_score_with_an_interval_that_holds_it(report):
    assert list(report.classes) == [category.name for category in Category]
    expected = {
        key for key, score in SCORES.items() if score.metric.name not in ("dead_silence", "fad_inf", "calibration")
    }
    for scores in report.classes.values():
        assert expected <= set(scores)
        assert all(np.isfinite(interval).all() for interval in scores.values())
        assert all(low - 1e-9 <= value <= high + 1e-9 for value, low, high in scores.values())
        assert 0 <= scores["generated_probe_accuracy"].value <= 1
        assert scores["floor_fad"].value >= 0


def test_the_mean_is_that_of_the_classes_and_surer_than_each(report):
    for name in ("floor_fad", "generated_rms_dbfs"):
        values = [scores[name] for scores in report.classes.values()]
        assert report.mean[name].value == pytest.approx(np.mean([each.value for each in values]))
        widths = [each.high - each.low for each in values]
        assert report.mean[name].high - report.mean[name].low < max(widths)


def test_the_report_says_what_it_rests_on_and_comes_back_from_its_file(report, tmp_path):
    folder = save_report(report, tmp_path)
    assert report.clips["Rain"] == {"floor": 2, "real": 3, "generated": 2, **dict.fromkeys(PARTS, 2)}
    words = (folder / "report.md").read_text()
    assert "2 takes a class" in words
    assert "at least 3 held-out recordings" in words
    assert "embedded by levels" in words
    assert "4 windows for 8 dimensions" in words
    again = Report.load(folder)
    assert again.classes == report.classes
    assert again.mean == report.mean
    assert again.settings["per_class"] == 2
    assert again.rows == report.rows
    mean = json.loads((folder / "report.json").read_text())["mean"]
    assert mean["generated_copy_rate"]["value"] == report.mean["generated_copy_rate"].value
    lines = (folder / "report.csv").read_text().splitlines()
    assert len(lines) == 1 + sum(map(len, [*report.classes.values(), report.mean]))
    assert (folder / "report.png").stat().st_size > 10_000


def test_every_number_can_be_listened_to(report, folder):
    takes = [row for row in report.rows if row.set == "generated"]
    assert len(takes) == 14
    assert {row.category for row in takes} == set(report.classes)
    for row in takes:
        samples, rate = soundfile.read(folder / row.file)
        assert rate == 24_000
        assert len(samples) == 30_720
        assert row.predicted in report.classes
        assert row.peak_dbfs == pytest.approx(20 * np.log10(np.abs(samples).max()), abs=0.01)


def test_a_stopped_evaluation_goes_on_where_it_was_with_the_same_scores(
    report, foley, dataset_folder, folder, tmp_path
):
    settings = EvaluationSettings(per_class=1, draws=2, seed=1)
    begun = evaluating(foley, dataset_folder, tmp_path, settings, LevelEmbedder())
    for step in begun:
        if step.what == "Footstep: takes" and list(tmp_path.rglob("Footstep_seed1*")):
            break
    begun.close()
    first = next(tmp_path.rglob("DogBark_seed1*"))
    made = first.stat().st_mtime_ns
    steps = []
    again = evaluate(foley, dataset_folder, tmp_path, settings, LevelEmbedder(), steps.append)
    assert first.stat().st_mtime_ns == made
    assert again.classes == evaluate(foley, dataset_folder, folder, settings, LevelEmbedder()).classes
    assert steps[-1].done == steps[-1].total
    assert [step.done for step in steps] == sorted(step.done for step in steps)


def test_a_second_evaluation_makes_no_sound_and_hears_none(report, foley, dataset_folder, folder, monkeypatch):
    monkeypatch.setattr(Foley, "generate", None)
    monkeypatch.setattr(Foley, "vocode", None)
    monkeypatch.setattr(LevelEmbedder, "embed", None)
    assert evaluate(foley, dataset_folder, folder, FEW, LevelEmbedder()).classes == report.classes


def test_a_take_cut_by_a_kill_is_made_anew(report, foley, dataset_folder, folder):
    row = next(row for row in report.rows if row.set == "generated")
    whole = soundfile.read(folder / row.file)[0]
    (folder / row.file).write_bytes((folder / row.file).read_bytes()[:10])
    evaluate(foley, dataset_folder, folder, FEW, LevelEmbedder())
    assert np.array_equal(soundfile.read(folder / row.file)[0], whole)


def test_other_settings_give_other_takes(foley, report, dataset_folder, folder):
    settings = EvaluationSettings(per_class=2, draws=2, seed=5, temperature=0.5, top_p=0.9)
    other = evaluate(foley, dataset_folder, folder, settings, LevelEmbedder())
    assert other.classes["Rain"]["reconstructed_fad"].value == report.classes["Rain"]["reconstructed_fad"].value
    assert other.classes["Rain"]["generated_fad"].value != report.classes["Rain"]["generated_fad"].value


def test_statistics_of_a_reference_give_the_same_distances_as_its_recordings(
    report, foley, dataset_folder, folder, tmp_path
):
    file = reference_statistics(dataset_folder, foley, LevelEmbedder()).save(tmp_path / "reference.safetensors")
    alone = evaluate(foley, file, folder, FEW, LevelEmbedder())
    for name, scores in alone.classes.items():
        assert scores["generated_fad"].value == pytest.approx(report.classes[name]["generated_fad"].value, rel=1e-9)
        assert "floor_fad" not in scores
        assert "generated_copy_rate" not in scores
    assert "not recordings" in alone.flags[0]
    assert "FAD ↓, generated" in report_markdown(alone)


def test_one_take_a_class_is_measured_and_flagged(foley, dataset_folder, folder):
    one = evaluate(foley, dataset_folder, folder, EvaluationSettings(per_class=1, draws=5), LevelEmbedder())
    assert "generated_within_class_diversity" not in one.mean
    assert np.isfinite(one.mean["generated_fad"]).all()
    assert any("One take a class" in flag for flag in one.flags)


def test_more_takes_than_recordings_are_flagged(foley, dataset_folder, folder):
    many = evaluate(foley, dataset_folder, folder, EvaluationSettings(per_class=4, draws=1), LevelEmbedder())
    assert any("3 held-out recordings, fewer than the takes" in flag for flag in many.flags)


def test_silent_takes_are_flagged_and_not_counted_as_defects_of_a_class_that_falls_silent(
    report, foley, dataset_folder, folder, monkeypatch
):
    generate = Foley.generate

    def silence(self, *arguments, **settings):
        takes = generate(self, *arguments, **settings)
        return [take.__class__(**{**vars(take), "waveform": torch.zeros_like(take.waveform)}) for take in takes]

    monkeypatch.setattr(Foley, "generate", silence)
    settings = EvaluationSettings(per_class=2, draws=5, seed=1000)
    quiet = evaluate(foley, dataset_folder, folder, settings, LevelEmbedder())
    assert sum("takes are silent" in flag for flag in quiet.flags) == 7
    assert quiet.classes["Rain"]["generated_loudness_lufs"].value == -70
    assert quiet.classes["Rain"]["generated_dead_silence"].value == 1
    assert quiet.mean["generated_within_class_diversity"].value == 0


def test_a_model_that_makes_nan_is_named_with_the_take(foley, dataset_folder, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(Foley, "vocode", lambda self, *given: torch.full((30_720,), torch.nan))
    with pytest.raises(ValueError, match=r"tiny@\w+ made a sound that is not finite: DogBark_seed0_t1.00.wav"):
        evaluate(foley, dataset_folder, tmp_path, FEW, LevelEmbedder())


def test_recordings_of_other_rates_lengths_depths_and_channels_are_measured_and_broken_ones_named(
    report, foley, dataset_folder, tmp_path
):
    recordings = tmp_path / "recordings"
    for category in Category:
        (recordings / category.name).mkdir(parents=True)
        for number, path in enumerate(sorted((dataset_folder / category.name).glob("*.wav"))):
            samples, rate = soundfile.read(path)
            stereo = np.repeat(samples[: rate * 3, None], 2, axis=1)
            rates = (rate, 16_000, 44_100)  # only the header says so: they are read faster or slower
            subtype = ("PCM_24", "FLOAT")[number % 2]
            soundfile.write(recordings / category.name / path.name, stereo, rates[number % 3], subtype=subtype)
    (recordings / "Rain" / "broken.wav").write_bytes(b"no sound")
    other = evaluate(foley, recordings, tmp_path / "out", EvaluationSettings(1, draws=2), LevelEmbedder())
    assert any("1 recordings could not be used: broken.wav" in flag for flag in other.flags)
    assert other.clips["Rain"]["real"] == report.clips["Rain"]["real"]
    assert np.isfinite(other.mean["floor_fad"]).all()


def test_a_reference_with_too_few_recordings_is_refused(checkpoint, tmp_path, dataset_folder, capsys):
    (tmp_path / "Rain").symlink_to(dataset_folder / "Rain")
    assert main(["evaluate", "--reference", str(tmp_path), "--checkpoint", str(checkpoint)]) == 2
    assert "DogBark" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "sentence"), [("--per-class", "from 1 to"), ("--temperature", "from 0 up to")])
def test_settings_that_cannot_be_are_one_sentence(checkpoint, dataset_folder, tmp_path, capsys, option, sentence):
    arguments = ["evaluate", "--reference", str(dataset_folder), "--checkpoint", str(checkpoint), option, "-1"]
    assert main([*arguments, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert sentence in error


def test_two_checkpoints_are_put_side_by_side(report):
    text = comparison(report, report)
    assert text.count("\n| ") >= len(report.mean) + 7
    assert "yes" not in text.split("| class |")[0].split("|---|")[-1]


def test_a_part_of_the_chain_is_named_right_or_refused(foley):
    with pytest.raises(ValueError, match="no part 'prior'"):
        through(foley, "prior", torch.zeros(96_000))


def test_griffin_lim_brings_back_a_sound_with_its_log_mel(foley, dataset_folder, monkeypatch):
    monkeypatch.setattr("foley.evaluation.chain.ITERATIONS", 16)
    sound = torch.from_numpy(soundfile.read(next((dataset_folder / "Rain").glob("*.wav")))[0]).float()
    analysis = foley.cembed.log_mel
    log_mel = analysis(sound[None])
    again = griffin_lim(log_mel, analysis)
    assert again.shape == (1, 96_000)
    assert float((analysis(again) - log_mel).abs().mean()) < 0.25
    late = griffin_lim(log_mel.roll(1, dims=2), analysis)  # a frame's place is kept to the sample
    assert float((analysis(late) - log_mel).abs().mean()) > 0.4
