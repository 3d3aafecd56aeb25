"""The benchmark measures what it says, on a preset small enough for a test."""

import json

import pytest

from foley.cli import main
from foley.evaluation import benchmark
from foley.evaluation.benchmark import Benchmark, PresetTimes, measure_plain, measure_sampler, run_benchmark


@pytest.fixture(autouse=True)
def tiny_among_the_presets(monkeypatch, preset):
    monkeypatch.setitem(benchmark.PRESETS, "tiny", preset)


def test_the_sampler_is_measured_at_every_batch_with_its_memory():
    measured = measure_sampler("tiny", None)
    assert set(measured["batches"]) == {1, 4, 8}
    assert min(measured["batches"].values()) > 0
    assert 50e6 < measured["peak_bytes"] < 50e9
    assert measured["trained"] is False


def test_the_plain_loop_is_extrapolated_from_the_codes_timed(monkeypatch, preset):
    monkeypatch.setattr(benchmark, "_seconds", lambda function: 0.5)
    rows, frames = preset.grid
    assert measure_plain("tiny", None, 10) == (0.5 * rows * frames, 10)
    assert measure_plain("tiny", None, 10**6)[1] == rows * frames


def test_the_plain_loop_times_rows_spread_over_the_whole_grid(monkeypatch, preset):
    seen = []
    real = benchmark.PixelSNAIL.scan_logits
    monkeypatch.setattr(
        benchmark.PixelSNAIL,
        "scan_logits",
        lambda self, codes, categories: seen.append(codes.shape[1]) or real(self, codes[:, :1], categories),
    )
    measure_plain("tiny", None, 15)
    assert seen[1:] == [3 + 5 * n for n in range(15)]  # of 75 frames


def test_a_report_has_the_ratio_and_says_what_was_extrapolated():
    times = PresetTimes("tiny", (2, 3), 1000, False, "CpuBackend", 4.0, 100.0, 50, {1: 0.5, 4: 1.0, 8: 1.5}, 2**30)
    report = Benchmark({"threads": 2}, [times], {"whole take": 0.4})
    assert "| 200 x |" in report.to_markdown()
    assert "timed on 50 codes" in report.to_markdown()
    assert json.loads(report.to_json())["presets"][0]["ratio"] == 200


def test_a_preset_there_is_not_gets_a_sentence(capsys):
    with pytest.raises(ValueError, match="There is no preset 'opera'"):
        run_benchmark(["opera"])
    assert main(["benchmark", "--preset", "opera"]) == 2
    assert "error: There is no preset 'opera'" in capsys.readouterr().err
