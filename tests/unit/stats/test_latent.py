"""Latent covariates: a planted batch is found, and how many."""

import numpy as np

from regdecode.stats.latent import latent_covariates, significant_components
from regdecode.stats.moderated_t import moderated_t


def cohort(seed: int, n: int = 40, genes: int = 300):
    rng = np.random.default_rng(seed)
    age, batch = rng.normal(size=n), rng.normal(size=n)
    values = rng.normal(size=(genes, n)) + np.outer(rng.normal(size=genes), batch)
    values[:20] += 0.35 * age
    return values, np.column_stack([np.ones(n), age]), batch


def test_finds_a_planted_batch_orthogonal_to_the_design():
    values, design, batch = cohort(0)
    found = latent_covariates(values, design, 1)
    left = batch - design @ np.linalg.lstsq(design, batch, rcond=None)[0]
    assert abs(np.corrcoef(found.values[:, 0], left)[0, 1]) > 0.95
    np.testing.assert_allclose(design.T @ found.values, 0, atol=1e-9)


def test_count_by_permutation():
    values, design, _ = cohort(1)
    assert significant_components(values, design, 0).values.shape[1] == 1
    noise = np.random.default_rng(2).normal(size=values.shape)
    assert significant_components(noise, design, 0).values.shape[1] == 0


def test_components_of_all_find_more_planted_genes_at_the_promised_error_rate():
    """Components of the residuals leave the effects as they are, confounded by chance, and make p-values too small: 10 % below 0.05."""
    hits, below = np.zeros(3, int), np.zeros(3)
    for seed in range(10):
        values, design, _ = cohort(seed)
        of_residuals = np.column_stack([design, latent_covariates(values, design, 1).values])
        of_all = np.column_stack([design, latent_covariates(values, design[:, :1], 1).values])
        found = [moderated_t(values, wide) for wide in (design, of_residuals, of_all)]
        np.testing.assert_allclose(found[0].coefficient[:, 1], found[1].coefficient[:, 1], atol=1e-9)
        hits += [len(set(np.argsort(-np.abs(one.t[:, 1]))[:20]) & set(range(20))) for one in found]
        below += [(one.p[20:, 1] < 0.05).mean() / 10 for one in found]
    assert hits[2] > hits[0] + 5 and hits[2] > hits[1] + 5
    assert below[2] < 0.06 and below[1] > 0.08


def test_genes_with_missing_values_are_left_out():
    values, design, _ = cohort(4)
    expected = latent_covariates(values[5:], design, 2)
    values[:5, 0] = np.nan
    np.testing.assert_allclose(latent_covariates(values, design, 2).values, expected.values)
