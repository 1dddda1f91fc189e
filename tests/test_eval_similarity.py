"""The plain measures: closed forms, and slow references that follow the papers word by word."""

import math

import numpy as np
import pytest

from animelayers.evaluation.similarity import (
    dice,
    lmse,
    mask_hits,
    mean_of_map,
    on_grounds,
    psnr,
    soft_iou,
    ssim,
    ssim_map,
)


def random(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def test_sheets_on_white_and_on_black():
    sheet = np.array([[[255, 0, 51, 255], [200, 200, 200, 0], [255, 0, 0, 51]]], np.uint8)
    white, black = on_grounds(sheet)
    assert white.dtype == black.dtype == np.float32
    np.testing.assert_allclose(white, [[[1, 0, 0.2], [1, 1, 1], [1, 0.8, 0.8]]], atol=1e-6)
    np.testing.assert_allclose(black, [[[1, 0, 0.2], [0, 0, 0], [0.2, 0, 0]]], atol=1e-6)


def test_psnr_of_a_constant_difference():
    a = random(9, 8, 3) * np.float32(0.5)
    assert psnr(a, a + np.float32(0.1)) == pytest.approx(20, abs=1e-4)
    assert psnr(a, a + np.float32(0.1), peak=2) == pytest.approx(20 + 20 * math.log10(2), abs=1e-4)
    assert psnr(a, a) == math.inf


def test_psnr_of_levels_does_not_wrap():
    black, white = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)
    assert psnr(black, white, peak=255) == psnr(white, black, peak=255) == 0
    assert psnr(white - 1, white, peak=255) == pytest.approx(20 * math.log10(255))


def test_psnr_sees_only_the_mask():
    a = random(6, 6, 3)
    b, mask = a.copy(), np.zeros((6, 6), bool)
    b[0, 0] += 0.5
    b[1, 1] += 0.1
    mask[1:] = True
    assert psnr(a, b, mask=mask) == pytest.approx(10 * math.log10(30 / 0.01), abs=1e-3)
    assert math.isnan(psnr(a, b, mask=np.zeros_like(mask)))


def slow_ssim(a, b, peak):
    """Window by window, double precision."""
    y, x = np.mgrid[-5:6, -5:6]
    weight = np.exp(-(y * y + x * x) / (2 * 1.5**2))
    weight /= weight.sum()
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    out = np.empty((a.shape[0] - 10, a.shape[1] - 10, a.shape[2]))
    for i, j, k in np.ndindex(out.shape):
        p, q = (z[i : i + 11, j : j + 11, k].astype(np.float64) for z in (a, b))
        mp, mq = (weight * p).sum(), (weight * q).sum()
        vp, vq = (weight * (p - mp) ** 2).sum(), (weight * (q - mq) ** 2).sum()
        both = (weight * (p - mp) * (q - mq)).sum()
        out[i, j, k] = (2 * mp * mq + c1) * (2 * both + c2) / ((mp * mp + mq * mq + c1) * (vp + vq + c2))
    return out


def test_ssim_is_that_of_the_paper():
    a = random(23, 19, 2)
    b = np.clip(a + 0.3 * random(23, 19, 2, seed=1) - 0.1, 0, 1)
    expected = slow_ssim(a, b, 1.0)
    found = ssim_map(a, b)
    assert found.dtype == np.float32
    assert found.shape == (13, 9, 2)
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert ssim(a, b) == pytest.approx(expected.mean(), abs=1e-5)


def test_ssim_of_levels_and_of_faint_structure():
    levels = [(255 * random(14, 14, 3, seed=seed)).astype(np.uint8) for seed in (0, 1)]
    np.testing.assert_allclose(ssim_map(*levels, peak=255), slow_ssim(*levels, 255), atol=2e-5)
    bright = [np.float32(0.97) + np.float32(0.004) * random(14, 14, 1, seed=seed) for seed in (0, 1)]
    np.testing.assert_allclose(ssim_map(*bright), slow_ssim(*bright, 1.0), atol=2e-4)


def test_ssim_of_equals_and_of_constants():
    a = random(30, 30, 3)
    assert (ssim_map(a, a) == 1).all()
    assert ssim(a, a) == 1
    p, q = 0.2, 0.6
    flat = [np.full((12, 15, 3), value, np.float32) for value in (p, q)]
    assert ssim(*flat) == pytest.approx((2 * p * q + 1e-4) / (p * p + q * q + 1e-4), abs=2e-5)


def test_ssim_of_negatives_and_its_cut():
    a = random(20, 20, 1)
    assert ssim_map(a, 1 - a).max() < 0
    assert (ssim_map(a, 1 - a, relu=True) == 0).all()
    b = random(20, 20, 1, seed=1)
    found = ssim_map(a, b, relu=True)
    plain = ssim_map(a, b)
    assert (plain < 0).any()
    assert np.array_equal(found, np.maximum(plain, 0))


def test_ssim_has_no_seams_where_bands_meet():
    a, b = random(280, 16, 3), random(280, 16, 3, seed=1)
    whole = ssim_map(a, b)
    for start in (100, 120, 250):
        np.testing.assert_allclose(
            whole[start : start + 20], ssim_map(a[start : start + 30], b[start : start + 30]), atol=1e-6
        )


def test_ssim_over_a_mask_is_the_mean_of_its_windows():
    a, b = random(16, 18, 3), random(16, 18, 3, seed=1)
    mask = np.zeros((16, 18), bool)
    mask[5, 5] = mask[7, 9] = True
    mask[0, 0] = mask[15, 17] = True  # no window has its centre there
    similar = ssim_map(a, b)
    assert ssim(a, b, mask=mask) == pytest.approx((similar[0, 0].mean() + similar[2, 4].mean()) / 2, abs=1e-6)
    assert mean_of_map(similar, mask) == ssim(a, b, mask=mask)


@pytest.mark.parametrize("shape", [(10, 40, 3), (40, 10, 3), (4, 3, 3), (0, 0, 3)])
def test_nothing_is_said_of_pictures_smaller_than_the_window(shape):
    a = np.zeros(shape, np.float32)
    assert ssim_map(a, a).size == 0
    assert math.isnan(ssim(a, a))
    assert math.isnan(ssim(a, a, mask=np.ones(shape[:2], bool)))


def slow_lmse(estimate, truth, mask):
    """Window by window, channel by channel."""
    plain = left = area = energy = 0.0
    height, width, channels = truth.shape
    for y in range(0, height - 20 + 1, 10):
        for x in range(0, width - 20 + 1, 10):
            here = np.s_[y : y + 20, x : x + 20]
            m = mask[here]
            for channel in range(channels):
                c, e = (z[here][..., channel].astype(np.float64) for z in (truth, estimate))
                power = (m * e * e).sum()
                a = (m * c * e).sum() / power if power > 1e-5 else 0.0
                plain += (m * (c - e) ** 2).sum()
                left += (m * (c - a * e) ** 2).sum()
                area += m.sum()
                energy += (m * c * c).sum()
    return plain / area, left / area, left / energy


@pytest.mark.parametrize("masked", [False, True])
def test_lmse_is_that_of_the_paper(masked):
    truth, estimate = random(57, 33, 3), random(57, 33, 3, seed=1)
    estimate[20:45, :, 1] = 0
    mask = random(57, 33, seed=2) < 0.4 if masked else np.ones((57, 33), bool)
    mask[:20] &= not masked  # whole windows without any of it
    found = lmse(estimate, truth, mask if masked else None)
    assert found == pytest.approx(slow_lmse(estimate, truth, mask), rel=1e-5)


def test_lmse_of_one_window_by_hand():
    truth, estimate = np.full((20, 20, 1), 0.5, np.float32), np.full((20, 20, 1), 0.5, np.float32)
    truth[:10] = 1
    # a = (200 · .5 + 200 · .25) / (400 · .25) = 1.5, so that ±.25 is left everywhere; the energy is 200 + 50.
    assert lmse(estimate, truth) == pytest.approx((0.125, 0.0625, 0.1), abs=1e-7)


def test_lmse_of_a_scaled_picture_and_of_nothing():
    truth = random(50, 40, 3)
    windowed, scaled, grosse = lmse(truth * np.float32(0.5), truth)
    seen = [truth[y : y + 20, x : x + 20] for y in (0, 10, 20, 30) for x in (0, 10, 20)]
    assert windowed == pytest.approx(0.25 * np.mean(np.square(seen)), rel=1e-5)
    assert (scaled, grosse) == pytest.approx((0, 0), abs=1e-9)
    nothing = lmse(np.zeros_like(truth), truth)
    assert nothing.grosse == 1
    assert nothing.scaled == nothing.windowed == pytest.approx(np.mean(np.square(seen)), rel=1e-5)
    assert lmse(truth, truth) == (0, 0, 0)


def test_lmse_gives_hardly_anything_no_scale():
    truth = np.full((20, 20, 1), 0.5, np.float32)
    assert lmse(np.full_like(truth, 1.5e-4), truth).grosse == 1  # Σe² = 9e-6
    assert lmse(np.full_like(truth, 1.7e-4), truth).grosse == pytest.approx(0, abs=1e-6)  # 1.16e-5


def test_lmse_knows_only_whole_windows_and_the_mask():
    truth, estimate = random(29, 20, 3), random(29, 20, 3)
    estimate[20:] = 0
    assert lmse(estimate, truth).windowed == 0
    estimate[:, 10:] = 0
    left = np.zeros((29, 20), bool)
    left[:, :10] = True
    assert lmse(estimate, truth).windowed > 0
    assert lmse(estimate, truth, left).windowed == 0


def test_lmse_of_no_window_of_no_mask_and_of_black():
    truth = random(19, 40, 3)
    assert all(map(math.isnan, lmse(truth, truth)))
    truth = random(40, 40, 3)
    assert all(map(math.isnan, lmse(truth, truth, np.zeros((40, 40), bool))))
    windowed, scaled, grosse = lmse(truth, np.zeros_like(truth))
    assert windowed > 0
    assert scaled == 0
    assert math.isnan(grosse)


def test_soft_overlap_by_hand():
    p, t = np.array([0.5, 1, 0]), np.array([1, 0.5, 0])
    assert soft_iou(p, t) == pytest.approx(1 / 2)
    assert dice(p, t) == pytest.approx(2 * 1 / (1.25 + 1.25))
    levels = (np.array([[100, 200, 0]], np.uint8), np.array([[200, 100, 0]], np.uint8))
    assert soft_iou(*levels) == pytest.approx(1 / 2)
    assert dice(*levels) == pytest.approx(0.8)


def test_soft_overlap_of_equals_of_strangers_and_of_nothing():
    soft = random(20, 20)
    bright = np.full((300, 300), 255, np.uint8)
    left, right = np.eye(4, dtype=np.uint8) * 255, np.fliplr(np.eye(4, dtype=np.uint8)) * 255
    for measure in (soft_iou, dice):
        assert measure(soft, soft) == pytest.approx(1)
        assert measure(bright, bright) == 1  # no sum overflows
        assert measure(left, right) == 0
        assert measure(left, np.zeros_like(left)) == 0
        assert measure(np.zeros((3, 3)), np.zeros((3, 3))) is None


def test_hits_by_hand():
    predicted, true = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    predicted[0] = True
    true[:3, 0] = True
    hits = mask_hits(predicted, true)
    assert hits == pytest.approx((1 / 4, 1 / 3, 2 / 7))
    assert hits.f1 == pytest.approx(dice(predicted, true))


def test_hits_within_a_tolerance():
    true = np.zeros((9, 9), bool)
    true[4, 4] = True
    beside, across = np.roll(true, 1, axis=0), np.roll(true, (1, 1), (0, 1))
    assert mask_hits(beside, true) == (0, 0, 0)
    assert mask_hits(beside, true, 1) == (1, 1, 1)
    assert mask_hits(across, true, 1) == (0, 0, 0)
    assert mask_hits(across, true, 1.415) == (1, 1, 1)
    both = true | np.roll(true, 3, axis=1)
    assert mask_hits(both, beside, 1) == pytest.approx((1 / 2, 1, 2 / 3))


def test_hits_where_there_is_nothing_to_hit():
    nothing, something = np.zeros((3, 3), bool), np.eye(3, dtype=bool)
    assert mask_hits(nothing, nothing, 2) is None
    assert mask_hits(something, nothing, 2) == mask_hits(nothing, something, 2) == (0, 0, 0)
