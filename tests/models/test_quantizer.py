"""The quantizer: what one bad batch leaves behind, which is nothing, and codes that precision does not change."""

import pytest
import torch

from foley.models.quantizer import VectorQuantizer


@pytest.fixture
def vectors():
    return torch.randn(4, 8, 6, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("started", [False, True])
def test_a_bad_batch_changes_neither_start_nor_statistics(vectors, bad, started):
    quantizer = VectorQuantizer(8, 16)
    if started:
        quantizer(vectors)
    before = {name: value.clone() for name, value in quantizer.state_dict().items()}
    spoilt = vectors.clone()
    spoilt[0, 0, 0, 0] = bad
    quantizer(spoilt)
    assert all(torch.equal(before[name], value) for name, value in quantizer.state_dict().items())
    quantizer(vectors)
    assert bool(quantizer.started)
    assert torch.isfinite(quantizer.codebook).all()


def test_codes_are_the_same_under_autocast():
    random = torch.Generator().manual_seed(1)
    quantizer = VectorQuantizer(64, 512).eval()
    quantizer.codebook.copy_(torch.randn(512, 64, generator=random))
    vectors = torch.randn(2, 64, 20, 20, generator=random)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = quantizer(vectors)[1]
    assert torch.equal(mixed, quantizer(vectors)[1])


def test_codes_that_die_are_put_where_vectors_are(vectors):
    quantizer = VectorQuantizer(8, 16, decay=0.5)
    quantizer(vectors)
    quantizer.codebook[3], quantizer.codebook_sum[3] = 1e3, 1e3
    for _ in range(20):
        quantizer(vectors)
    flat = vectors.movedim(1, -1).reshape(-1, 8)
    assert torch.cdist(quantizer.codebook[3:4], flat).min() < 3
