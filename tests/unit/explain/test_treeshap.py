"""TreeSHAP against shap's TreeExplainer and additivity."""

import numpy as np
import pytest

from regdecode.explain.treeshap import tree_contributions
from regdecode.models.trees import TreeSettings, TreesModel, fit_trees


@pytest.fixture(scope="module")
def fitted() -> tuple[TreesModel, np.ndarray]:
    rng = np.random.default_rng(0)
    X = (rng.random((300, 7)) * (rng.random((300, 7)) < 0.5)).astype(np.float32)
    Y = np.column_stack([X[:, 0] * 2 - X[:, 3] * X[:, 1], X[:, 2], X[:, 0] - X[:, 6], np.sin(3 * X[:, 5]), X[:, 4]])
    model = fit_trees(X[:200], Y[:200], X[200:], Y[200:], TreeSettings(components=2, max_outputs=3, rounds=40), n_keep=1)
    assert model.loadings.shape == (3, 5)
    return model, X


def test_equals_shap(fitted: tuple[TreesModel, np.ndarray]) -> None:
    shap = pytest.importorskip("shap")
    model, X = fitted
    found, _ = tree_contributions(model, X[:20], np.arange(7), 7)
    oracle = np.stack([shap.TreeExplainer(b).shap_values(X[:20]) for b in model.boosters], 1)
    np.testing.assert_allclose(found, np.einsum("gcf,ct->gft", oracle, model.loadings), atol=1e-5)


def test_groups_add_up_to_the_prediction(fitted: tuple[TreesModel, np.ndarray]) -> None:
    model, X = fitted
    groups = np.array([0, 0, 1, 1, 2, 2, 0])
    found, base = tree_contributions(model, X, groups, 3, batch=64)
    single, _ = tree_contributions(model, X, np.arange(7), 7)
    np.testing.assert_allclose(found.sum(1) + base, model.predict(X), atol=1e-5)
    np.testing.assert_allclose(found[:, 1], single[:, 2] + single[:, 3], atol=1e-9)


def test_a_reference_gene_moves_the_base(fitted: tuple[TreesModel, np.ndarray]) -> None:
    model, X = fitted
    reference = np.zeros(7, np.float32)
    found, base = tree_contributions(model, X, np.arange(7), 7, reference)
    np.testing.assert_allclose(base, model.predict(reference[None])[0], atol=1e-5)
    np.testing.assert_allclose(found.sum(1), model.predict(X) - model.predict(reference[None]), atol=1e-5)
    at_reference, _ = tree_contributions(model, reference[None], np.arange(7), 7, reference)
    np.testing.assert_allclose(at_reference, 0, atol=1e-12)
