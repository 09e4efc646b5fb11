"""What all tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data beside the checkout; tests that need it carry the marker `shared_data` and skip without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.exists():
        pytest.skip("real data are not beside this checkout")
    return folder
