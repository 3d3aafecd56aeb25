"""A recording through each part of the chain by itself, so that one hears and measures which part loses the sound.

- `mel`: only its log-mel is kept; Griffin-Lim, which has learned nothing, makes it sound again.
- `mvqvae`: the log-mel that the codes give back, made to sound the same way: against `mel`, what the codes lose.
- `vocoder`: the vocoder on the recording's own CEmbed: what the codes have no part in.
- `reconstructed`: CEmbed, codes and vocoder, the whole chain but the prior.
"""

import torch
import torchaudio.functional
from torch import Tensor
from torch.nn import functional as F

from foley.audio.files import fit_length
from foley.features.mel import LogMel
from foley.pipeline import Foley

PARTS = ("mel", "mvqvae", "vocoder", "reconstructed")
ITERATIONS = 16  # of Griffin-Lim with momentum: a log-mel error of 0.04 to 0.2; twice as many take off a quarter


@torch.inference_mode()
def through(foley: Foley, part: str, recording: Tensor, seed: int = 0) -> Tensor:
    """A recording (samples,) at the model's rate through one of `PARTS`, (samples,).

    The seed is of the vocoder's noise. Raises ValueError for another part.
    """
    cembed = foley.cembed(recording.unsqueeze(0).to(foley.device))
    if part in ("mvqvae", "reconstructed"):
        cembed = foley.vqvae.decode(foley.vqvae.encode(cembed))
    if part in ("vocoder", "reconstructed"):
        return foley.vocode(cembed, seed)
    if part in ("mel", "mvqvae"):
        sound = griffin_lim(foley.cembed.restore_mel(cembed), foley.cembed.log_mel)[0].cpu()
        return fit_length(sound, foley.preset.audio.samples)
    raise ValueError(f"The chain has no part {part!r}: choose one of {', '.join(PARTS)}.")


def griffin_lim(log_mel: Tensor, analysis: LogMel) -> Tensor:
    """Log-mel (batch, rows, frames) to a waveform (batch, frames * hop_length), by the filters' pseudo-inverse."""
    magnitude = (torch.linalg.pinv(analysis.basis) @ log_mel.exp()).clamp(min=0)
    # one frame more on each side: the mel's frames lie half a hop later than those of a centred STFT
    padded = F.pad(magnitude, (1, 1), mode="replicate")
    half = analysis.hop_length // 2
    samples = log_mel.shape[2] * analysis.hop_length
    sound = torchaudio.functional.griffinlim(
        padded,
        window=analysis.window,
        n_fft=analysis.n_fft,
        hop_length=analysis.hop_length,
        win_length=analysis.n_fft,
        power=1.0,
        n_iter=ITERATIONS,
        momentum=0.99,
        length=samples + 2 * half,
        rand_init=False,  # the same sound every time
    )
    return sound[:, half : half + samples].clamp(-1, 1)
