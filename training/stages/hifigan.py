"""MHiFi-GAN trained as HiFi-GAN is (Kong et al. 2020; paper 3.6, table 6): on masked CEmbeds, then on decoded ones."""

from dataclasses import replace

import torch
from accelerate.utils import extract_model_from_parallel
from torch import Tensor, nn
from torch.nn import functional as F

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.features.mel import LogMel
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE
from foley.models.weight_norm import add_weight_norm, folded_state
from training.batches import device_of, to_device
from training.corpus import Corpus
from training.hifigan_discriminators import HiFiGANDiscriminators
from training.losses import DiscriminatorOutputs
from training.stages.vocoder import VocoderStage

VALIDATION_BATCH = 4
INITIAL_SCALE = 0.01


class HiFiGANStage(VocoderStage):
    """The stage of a recipe whose objective is `hifigan`.

    Its losses are sums over the discriminators, and the log-mel's L1 reaches up to half the sample rate, both as in
    HiFi-GAN: so the three numbers of the paper's table 6 mean the same.
    """

    def __init__(self, corpus: Corpus, cembed: CEmbed, vqvae: VQVAE | None = None):
        super().__init__(corpus, cembed, vqvae)
        audio, mel = self.preset.audio, self.preset.mel
        self.log_mel = LogMel(audio, replace(mel, f_max=audio.sample_rate / 2))

    def make_vocoder(self) -> nn.Module:
        vocoder = Vocoder(self.preset)
        for name, layer in vocoder.named_modules():
            if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d) and not name.endswith("stages.input"):
                nn.init.normal_(layer.weight, 0.0, INITIAL_SCALE)
        return add_weight_norm(self.corpus.run.initialized(self.name, vocoder))

    def make_discriminators(self) -> nn.Module:
        return HiFiGANDiscriminators(self.recipe.discriminators)

    def to(self, device: torch.device) -> None:
        super().to(device)
        self.log_mel.to(device)

    def score_weights(self) -> dict[str, float]:
        return {"mel_l1": 1.0}

    def validate(self, model: nn.Module) -> dict[str, float]:
        discriminators = extract_model_from_parallel(self.parts["discriminators"]).eval()
        totals: dict[str, float] = {}
        for part in self.corpus.validation.split(VALIDATION_BATCH):
            real, cembed, noise = to_device(self._whole(part), device_of(model))
            fake = model(cembed, self.cembed.restore_mel(cembed), noise)
            outputs = discriminators(real), discriminators(fake)
            terms = self._generator_loss(fake, real, *outputs)[1] | {
                "discriminator": self._discriminator_loss(*outputs)
            }
            for name, value in terms.items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(part) / len(self.corpus.validation)
        discriminators.train()
        return {"score": self.score(totals), **totals}

    def save(self, model: nn.Module) -> None:
        save_stage(self.corpus.run.model, self.name, folded_state(model))

    def _discriminator_loss(self, real_outputs: DiscriminatorOutputs, fake_outputs: DiscriminatorOutputs) -> Tensor:
        return discriminator_loss(real_outputs, fake_outputs)

    def _generator_loss(
        self, fake: Tensor, real: Tensor, real_outputs: DiscriminatorOutputs, fake_outputs: DiscriminatorOutputs
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The generator's loss and its terms, for waveforms (batch, samples)."""
        mel_l1 = F.l1_loss(self.log_mel(fake.float()), self.log_mel(real.float()))
        features, adversarial = feature_loss(real_outputs, fake_outputs), generator_loss(fake_outputs)
        loss = self.recipe.mel_l1_weight * mel_l1 + self.recipe.features_weight * features + adversarial
        terms = {"generator": loss, "mel_l1": mel_l1, "features": features, "adversarial": adversarial}
        return loss, {name: value.detach() for name, value in terms.items()}


def discriminator_loss(real: DiscriminatorOutputs, fake: DiscriminatorOutputs) -> Tensor:
    """Real towards 1, fake towards 0 (least squares), summed over the discriminators."""
    pairs = zip(real, fake, strict=True)
    return torch.stack([(r - 1).square().mean() + f.square().mean() for (r, _), (f, _) in pairs]).sum()


def generator_loss(fake: DiscriminatorOutputs) -> Tensor:
    """Fake towards 1, summed over the discriminators."""
    return torch.stack([(scores - 1).square().mean() for scores, _ in fake]).sum()


def feature_loss(real: DiscriminatorOutputs, fake: DiscriminatorOutputs) -> Tensor:
    """L1 of all feature maps, summed over layers and discriminators."""
    pairs = zip(real, fake, strict=True)
    return torch.stack([F.l1_loss(f, r) for (_, rs), (_, fs) in pairs for r, f in zip(rs, fs, strict=True)]).sum()
