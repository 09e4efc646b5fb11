"""Any trained model from its folder."""

from pathlib import Path

import torch

from regdecode.training.deeprage_ensemble import DeepRageEnsemble, load_deeprage_ensemble
from regdecode.training.deeprage_folder import DeepRageModel, load_deeprage
from regdecode.training.model_folder import Model, load_decode, read_model_config


def load_model(folder: str | Path, device: str | torch.device = "cpu") -> Model | DeepRageModel | DeepRageEnsemble:
    """Load a trained model of any system: one member, or an ensemble.

    Parameters
    ----------
    folder
        A folder of a run's `models/`, or one that a training script wrote.
    device
        Where networks compute.

    Returns
    -------
    Model, DeepRageModel or DeepRageEnsemble
        All predict log2 units: DEcode's and the people's from feature tracks, DeepRAGE's from promoters and regulators.

    Raises
    ------
    InputError
        The folder holds no model.
    """
    config = read_model_config(folder)
    if config.get("system") != "deeprage":
        return load_decode(folder, device)
    return load_deeprage_ensemble(folder, device) if config["family"] == "ensemble" else load_deeprage(folder, device)
