"""The projection of the encoder and the statistics of all rows of CEmbed, fitted once the encoder is trained."""

import torch
from sklearn.decomposition import PCA
from tqdm import tqdm

from foley.checkpoints import load_stage, save_stage
from foley.features.cembed import CEmbed
from foley.features.encoder import load_mert
from training.compression import fit_compression
from training.corpus import Corpus, to_float

SMALLEST_SCALE = 1e-6


def fit_statistics(corpus: Corpus) -> CEmbed:
    """CEmbed with the best encoder so far, fitted and saved."""
    run = corpus.run
    cembed = CEmbed(run.preset)
    if run.preset.encoder.kind == "mert":
        cembed.encoder = load_mert(run.preset.encoder)
    elif cembed.encoder is not None:
        load_stage(run.stage("encoder"), "network", cembed.encoder.network)
    fit_cembed(corpus, cembed.eval())
    save_stage(run.model, "cembed", cembed.state_dict())
    return cembed


@torch.inference_mode()
def fit_cembed(corpus: Corpus, cembed: CEmbed, clips: int = 400) -> CEmbed:
    """Fit the encoder's projection (PCA), its compression and the statistics of CEmbed's rows on training clips, in
    place.
    """
    waveforms = corpus.waveforms(floor=True)
    spread = corpus.train[torch.linspace(0, len(corpus.train) - 1, min(clips, len(corpus.train))).long()]
    batches = [to_float(torch.from_numpy(waveforms[0, part.numpy()])).to(corpus.device) for part in spread.split(8)]
    encoder = cembed.to(corpus.device).encoder
    if encoder is not None and corpus.preset.encoder.rows < encoder.network.config.hidden_size - 1:
        hidden = [encoder.hidden_mean(batch)[:, ::4].flatten(0, 1) for batch in tqdm(batches, desc="fitting PCA")]
        frames = torch.cat(hidden).cpu()
        frames = frames[torch.isfinite(frames).all(dim=1)]
        pca = PCA(corpus.preset.encoder.rows, random_state=0).fit(frames.numpy())
        encoder.projection.copy_(torch.from_numpy(pca.components_))
    if encoder is not None and encoder.compression is not None:
        hidden = [encoder.hidden_mean(batch) for batch in tqdm(batches, desc="hearing clips")]
        fit_compression(encoder, hidden, corpus.preset.training.encoder.compression_steps)
    raw = torch.cat([cembed.raw(batch) for batch in tqdm(batches, desc="fitting statistics")])
    raw = raw[torch.isfinite(raw).all(dim=(1, 2))]
    if not len(raw):
        raise ValueError("No recording gives a finite CEmbed: the encoder's weights are broken, train it again.")
    cembed.mean.copy_(raw.mean(dim=(0, 2)))
    centred = raw - cembed.mean[:, None]
    for part in (slice(0, cembed.mel_rows), slice(cembed.mel_rows, None)):
        if centred[:, part].numel():
            cembed.scale[part] = centred[:, part].std().clamp(min=SMALLEST_SCALE)
    return cembed.cpu()
