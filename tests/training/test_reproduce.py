"""The reproduction on tiny models: every cell is trained and measured once, and the page says what came of it."""

import dataclasses
import json

import numpy as np
import pytest
import soundfile
import torch
from transformers import HubertModel

from foley.checkpoints import save_stage, write_config
from foley.features.cembed import CEmbed
from foley.features.encoder import PREPROCESSOR_FILE, WEIGHTS_FILE, hubert_config
from foley.packs import Pack, write_pack
from foley.pipeline import Foley
from foley.presets import BASELINE, PAPER, STUDIO_BASELINE
from training.__main__ import main
from training.cache import Cache
from training.corpus import Corpus
from training.reproduce import tables
from training.reproduce.bench import Bench, Plan, seconds_a_step
from training.reproduce.cells import cells
from training.reproduce.command import changed, reproduce
from training.run import Options, Run

SMALL_RECIPE = {"vqvae.batch": 2, "prior.batch": 2, "vocoder.batch": 2, "vocoder.segment_frames": 8}


class LevelEmbedder:
    name, dimension, fingerprint = "levels", 8, "levels"

    def embed(self, waveforms, sample_rate):
        bands = waveforms[:, : waveforms.shape[1] // 16 * 16].unflatten(1, (2, 8, -1))
        return np.log(bands.abs().mean(dim=3).numpy() + 1e-6)


@pytest.fixture(scope="module")
def studio(preset):
    """The tiny preset on clips of a second: full attention over whole clips takes its time."""
    short = dataclasses.replace(preset, audio=dataclasses.replace(preset.audio, duration_s=1.0))
    for setting, value in SMALL_RECIPE.items():
        short = short.override(f"training.{setting}", value)
    return short


@pytest.fixture(scope="module")
def encoder(studio, tmp_path_factory):
    """A checkpoint with an encoder, which is all that is taken from it."""
    folder = tmp_path_factory.mktemp("encoder") / "tiny"
    write_config(folder, studio)
    save_stage(folder, "cembed", CEmbed(studio).state_dict())
    return folder


def tiny_baseline(preset):
    vqvae = dataclasses.replace(
        STUDIO_BASELINE.vqvae, stem_channels=4, channels=8, residual_channels=4, code_dimension=8, codebook_size=32,
        branch_residual_blocks=1, decoder_residual_blocks=1,
    )  # fmt: skip
    prior = dataclasses.replace(preset.prior, zen_factor=1, scan="rows")
    vocoder = dataclasses.replace(STUDIO_BASELINE.vocoder, channels=16, residual_kernels=(3,), residual_dilations=(1,))
    audio = dataclasses.replace(STUDIO_BASELINE.audio, duration_s=preset.audio.duration_s)
    return dataclasses.replace(
        STUDIO_BASELINE, audio=audio, vqvae=vqvae, prior=prior, vocoder=vocoder, training=preset.training
    )


@pytest.fixture(scope="module")
def plan(encoder, dataset_folder):
    return Plan(str(dataset_folder), str(encoder), minutes=1e-5, clips=2, held_out=2, takes=1, draws=5)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    return tmp_path_factory.mktemp("state"), tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def found(plan, places, studio):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.reproduce.bench.load_embedder", lambda name, cache: LevelEmbedder())
        patch.setattr("training.reproduce.bench.TIMED_STEPS", 1)
        return reproduce(plan, *places, studio=studio, baseline=tiny_baseline(studio))


def test_every_cell_is_trained_for_its_budget_and_measured_on_both_sides(found):
    results = {name: cell[0] for name, cell in found["cells"].items()}
    assert list(results) == [cell.name for cell in cells()]
    for result in results.values():
        assert result["steps"] == 1
        assert result["clips"] == {"train": 14, "validation": 14}
        for split in ("train", "validation"):
            assert np.isfinite(list(result[split].values())).all()
    assert "cross_entropy" in results["mel, head"]["validation"]
    assert "cross_entropy" not in results["mel, no head"]["validation"]
    assert results["mel, head"]["train"] != results["mel, head"]["validation"]


def test_the_designs_become_models_that_are_evaluated(found, places):
    for design in ("baseline", "studio"):
        (result,) = found["designs"][design]
        assert result["report"]["clips"]["Rain"]["generated"] == 1
        assert np.isfinite(result["report"]["mean"]["generated_fad"]["value"])
        assert Foley.from_pretrained(places[0] / "seed-0" / design / f"{design}-0").preset.name.endswith(design)


def test_the_page_says_on_how_little_it_rests_and_shows_the_papers_numbers(found, places):
    page = (places[1] / "reproduction.md").read_text()
    assert "on 14 clips and measured on 14 held-out ones, with 1 seed: a difference may be chance" in page
    assert "0.192 → 0.148" in page
    assert "0.14056, 0.02053, 0.00167" in page
    assert "13.4, 9.0" in page
    assert page.count(", one seed") == len(tables.CLAIMS) + 1
    data = json.loads((places[1] / "reproduction.json").read_text())
    assert data["cells"].keys() == found["cells"].keys()
    for name in ("losses.png", "distances.png"):
        assert (places[1] / name).stat().st_size > 5000


def test_what_is_finished_is_not_done_again_and_what_was_cut_is(found, plan, places, studio, monkeypatch):
    trained = []
    monkeypatch.setattr("training.reproduce.bench.train", lambda stage, *_: trained.append(stage.name))
    monkeypatch.setattr("training.reproduce.bench.load_embedder", lambda name, cache: LevelEmbedder())
    again = reproduce(plan, *places, studio=studio, baseline=tiny_baseline(studio))
    assert again == found
    assert not trained
    (places[0] / "seed-0" / "mel-head" / "result.json").write_text("{")
    with pytest.raises(ValueError, match="vqvae"):  # nothing was trained in its place
        reproduce(plan, *places, studio=studio, baseline=tiny_baseline(studio))
    assert trained == ["vqvae"]


def test_timing_a_step_leaves_the_stage_as_it_was(found, plan, studio, tmp_path, places):
    bench, cell = Bench(places[0], plan), cells(studio)[2]
    stages = []
    for name in ("a", "b"):
        run = Run.create(tmp_path / name, cell.preset, Options(str(bench.data), views=1))
        run.cache = Cache(places[0] / "cache")
        corpus = Corpus(run)
        torch.manual_seed(0)
        stages.append(bench._stage(cell, corpus, bench._cembed(corpus), 0))
    assert seconds_a_step(stages[0]) > 0
    timed, fresh = (stage.parts.state_dict() for stage in stages)
    assert all(torch.equal(timed[name], fresh[name]) for name in fresh)
    assert all(parameter.grad is None for parameter in stages[0].parts.parameters())


def test_recordings_of_a_pack_are_linked_like_others(encoder, tmp_path):
    rows = [{"file": f"{n}.wav", "category": "Rain", "source_group": str(n), "digest": f"{n:064x}"} for n in range(4)]
    pcm = np.random.default_rng(0).integers(-9000, 9000, (4, 24_000)).astype(np.int16)
    (tmp_path / "pack").mkdir()
    write_pack(Pack(24_000, rows, pcm), tmp_path / "pack")
    bench = Bench(tmp_path / "state", Plan(str(tmp_path / "pack"), str(encoder), clips=1, held_out=1))
    files = sorted(bench.data.rglob("*.wav"))
    assert len(files) == 2 and all(len(soundfile.read(file)[0]) == 24_000 for file in files)


def test_settings_of_both_designs_can_be_changed_and_mert_says_how_it_is_fed(tmp_path):
    (tmp_path / "preprocessor_config.json").write_text('{"do_normalize": true}')
    changes = (f"encoder.repository={tmp_path}", "training.prior.batch=3")
    paper, baseline = (changed(preset, changes) for preset in (PAPER, BASELINE))
    assert paper.training.prior.batch == baseline.training.prior.batch == 3
    assert paper.encoder.normalize and paper.encoder.repository == str(tmp_path)
    assert baseline.encoder == BASELINE.encoder
    with pytest.raises(ValueError, match="no setting"):
        changed(BASELINE, ("nothing=1",))


def test_the_papers_design_is_trained_on_mert_and_as_hifigan_and_fills_table_6(plan, studio, tmp_path):
    torch.manual_seed(0)
    mert = dataclasses.replace(studio.encoder, kind="mert", repository=str(tmp_path), dropped_channel=5)
    torch.save(HubertModel(hubert_config(mert)).state_dict(), tmp_path / WEIGHTS_FILE)
    (tmp_path / PREPROCESSOR_FILE).write_text('{"do_normalize": true}')
    vocoder = dataclasses.replace(PAPER.vocoder, channels=16, residual_kernels=(3,), residual_dilations=(1,))
    paper = dataclasses.replace(studio, encoder=mert, vocoder=vocoder)
    changes = ["training.vocoder.objective=hifigan", "training.vocoder.masked_share=1.0"]
    changes += ["training.vocoder.discriminators.scales=1", "training.vocoder.discriminators.periods=[2]"]
    paper = changed(paper, [*changes, "training.vocoder.discriminators.channels=4"])
    assert paper.encoder.normalize
    bench, names = Bench(tmp_path / "state", plan), ("CEmbed, head", "vocoder, studio")
    all_cells = {cell.name: cell for cell in cells(paper, tiny_baseline(studio))}
    found = {name: [bench.cell(all_cells[name], 0)] for name in names}
    lines = tables.table_6(found)
    assert [line.split(" | ")[0] for line in lines[-3:-1]] == ["| train", "| validation"]
    assert all(len(line.split("|")) == 7 for line in lines[2:-1])
    assert lines[-3].endswith("3.041, 27.911, 0.3336 |")
    assert not tables.table_6({"vocoder, studio": [{"validation": {}}]})


@pytest.mark.gpu
@pytest.mark.parametrize("number", [2, 7, 10], ids=["vqvae", "prior", "vocoder"])
def test_cells_are_timed_trained_and_measured_on_a_gpu(plan, studio, tmp_path, number):
    bench, chosen = Bench(tmp_path, plan), cells(studio)
    for cell in {each.name: each for each in (chosen[2], chosen[number])}.values():
        result = bench.cell(cell, 0)
    assert result["steps"] >= 1 and np.isfinite(list(result["validation"].values())).all()


def test_cells_differ_in_masks_where_they_say_so():
    masked = {cell.name: cell.preset.training.vqvae.masked for cell in cells() if cell.stage == "vqvae"}
    assert [name for name, on in masked.items() if not on] == ["mel, no head", "mel, head", "CEmbed, head, no masks"]


def test_several_seeds_must_agree_for_a_claim_to_hold():
    def results(*values):
        return [{"steps": 9, "validation": {"mse": value, "latent_distance": value}} for value in values]

    for ours, verdict in (((1, 1), "yes, every seed"), ((1, 3), "not with every seed"), ((3, 3), "| no |")):
        page = "\n".join(tables.claims({"mel, no head": results(2, 2), "mel, head": results(*ours)}, {}))
        assert verdict in page


def test_a_claim_that_rests_on_more_steps_says_so():
    without, with_it = (
        [{"steps": steps, "validation": dict.fromkeys(("mse", "latent_distance"), 2 - steps / 100)}]
        for steps in (50, 60)
    )
    page = "\n".join(tables.claims({"mel, no head": without, "mel, head": with_it}, {}))
    assert "yes, one seed, with 20% more steps" in page


def test_data_that_is_not_there_is_one_sentence(tmp_path, capsys):
    assert main(["reproduce", "--data", str(tmp_path / "none"), "--state", str(tmp_path)]) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_a_claim_without_its_term_is_left_out_and_a_cell_ahead_by_a_seed_is_compared_as_far_as_both_are():
    result = {"steps": 10, "validation": {"mse": 0.2, "latent_distance": 0.1}}
    better = {"steps": 10, "validation": {"mse": 0.1}}
    lines = tables.claims({"mel, no head": [result, result], "mel, head": [better]}, {})
    assert len([line for line in lines if "0.2 → 0.1" in line and "yes, one seed" in line]) == 1
    assert not any("latent difference" in line for line in lines)
