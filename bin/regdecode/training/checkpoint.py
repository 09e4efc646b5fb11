"""Checkpoints that outlive a task: a pre-empted training continues where it stood, bit by bit.

A checkpoint is one safetensors file (no pickle): tensors of the network, of its best state and of the optimiser; counters and history in
the header. It carries a signature of configuration and data, and is continued only when that matches.
"""

import hashlib
import json
import logging
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from regdecode.errors import RegdecodeError
from regdecode.io.atomic import atomic_path

log = logging.getLogger(__name__)


class Interrupted(RegdecodeError):  # noqa: N818 - not a fault
    """Training was told to stop (SIGTERM) and has saved its state."""

    exit_code = 75  # EX_TEMPFAIL: try again


@dataclass
class Progress:
    """Where a training stands: epochs done, the best of them, and the record of each."""

    epoch: int = 0
    best_epoch: int = -1
    best_loss: float = float("inf")
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class CheckpointPlace:
    """The file of one run; `signature` names what it may continue; saved at most every `every` seconds."""

    path: Path
    signature: str
    every: float = 120.0


def checkpoint_file(folder: str | Path | None, run_id: str | None) -> Path | None:
    """File of one run among the checkpoints; None without a folder."""
    return Path(folder) / (re.sub(r"[^A-Za-z0-9._-]+", "-", run_id) + ".safetensors") if folder and run_id else None


def signature(*parts: Any) -> str:
    """sha256 of arrays, texts and JSON-like settings, in order."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Tensor):
            part = part.detach().cpu().numpy()
        if isinstance(part, np.ndarray) and part.dtype.kind not in "OSU":
            digest.update(str((part.dtype.str, part.shape)).encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            plain = part.tolist() if isinstance(part, np.ndarray) else part
            digest.update(json.dumps(plain, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def save_checkpoint(
    place: CheckpointPlace, net: nn.Module, best: dict[str, Tensor], optimizer: torch.optim.Optimizer, progress: Progress
) -> None:
    """Write the state of a training, whole or not at all."""
    tensors = {f"net.{k}": v for k, v in net.state_dict().items()} | {f"best.{k}": v for k, v in best.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{k}": torch.as_tensor(v) for k, v in state.items()}
    header = {"signature": place.signature, "progress": json.dumps(vars(progress))}
    with atomic_path(place.path) as temporary:
        save_file({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}, temporary, metadata=header)


def load_checkpoint(place: CheckpointPlace, net: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[Progress, dict[str, Tensor]] | None:
    """Restore `net` and `optimizer` in place; None where there is no checkpoint of this very run."""
    if not place.path.exists():
        return None
    try:
        with safe_open(place.path, "pt") as file:
            header = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in list(file.keys())} if header.get("signature") == place.signature else {}
    except (SafetensorError, OSError) as error:
        log.warning("checkpoint %s cannot be read (%s); training starts afresh", place.path, error)
        return None
    if not tensors:
        log.info("checkpoint %s is of another configuration or other data; training starts afresh", place.path)
        return None
    device = next(net.parameters()).device
    net.load_state_dict({key[4:]: value for key, value in tensors.items() if key.startswith("net.")})
    best = {key[5:]: value.to(device) for key, value in tensors.items() if key.startswith("best.")}
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, index, name = key.split(".", 2)
            state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    progress = Progress(**json.loads(header["progress"]))
    log.info("continuing %s after epoch %d", place.path.name, progress.epoch)
    return progress, best


@contextmanager
def listening_for_sigterm() -> Iterator[list[int]]:
    """Yield a list that is non-empty once SIGTERM has come; the former handler returns afterwards."""
    heard: list[int] = []
    try:
        former = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    except ValueError:  # not in the main thread: nobody can signal us
        yield heard
        return
    try:
        yield heard
    finally:
        signal.signal(signal.SIGTERM, former)
