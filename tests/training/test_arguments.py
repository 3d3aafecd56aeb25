"""The command line of `python -m training`: bounds for every number, and one sentence with exit code 2."""

import pytest

from training.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["all", "--run", "x", "--max-minutes", "nan"], "--max-minutes"),
        (["all", "--run", "x", "--max-minutes", "-1"], "--max-minutes"),
        (["prior", "--run", "x", "--max-steps", "9" * 400], "--max-steps"),
        (["prior", "--run", "x", "--every", "0"], "--every"),
        (["prior", "--run", "x", "--batch", "0"], "--batch"),
        (["prior", "--run", "x", "--learning-rate", "1e308"], "--learning-rate"),
        (["prior", "--run", "x", "--seed", "²"], "--seed"),
        (["cost", "--tflops", "0"], "--tflops"),
        (["pack", "--data", "x", "--out", "x", "--part-mib", "-5"], "--part-mib"),
        (["reproduce", "--data", "x", "--minutes", "inf"], "--minutes"),
        (["sing"], "command"),
        (["prior"], "--run"),
    ],
)
def test_a_number_out_of_bounds_is_named(arguments, word, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert word in error
    assert error.count("\n") == 1
    assert len(error) < 400


def test_a_folder_that_is_no_run_is_named(tmp_path, capsys):
    assert main(["prior", "--run", str(tmp_path / "nothing")]) == 2
    assert (
        capsys.readouterr().err
        == f"error: {tmp_path / 'nothing'} holds no run: start one with --data and --preset first.\n"
    )
