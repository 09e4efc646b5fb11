"""MEME motif files, written."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regdecode.io.atomic import atomic_path
from regdecode.io.meme import Motif


def write_meme(path: str | Path, motifs: Sequence[Motif], background: NDArray[np.float64]) -> None:
    """Write motifs in minimal MEME format; `background` (4,) are the frequencies of A C G T."""
    shown = " ".join(f"{letter} {share:.4f}" for letter, share in zip("ACGT", background.tolist(), strict=True))
    lines = ["MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", "", "Background letter frequencies", shown, ""]
    for motif in motifs:
        lines.append(f"MOTIF {motif.motif_id} {motif.alternate}".rstrip())
        lines.append(f"letter-probability matrix: alength= 4 w= {len(motif.probabilities)} nsites= {motif.sites:g} E= 0")
        lines += [" ".join(f"{value:.6f}" for value in row) for row in motif.probabilities.tolist()]
        lines.append("")
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n")
