"""Compiled code is kept where it can be written, else in the task's folder; without numba the sweep still runs."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from regdecode.genome import numba_cache

LIBRARY = str(Path(numba_cache.__file__).parents[2])


@pytest.fixture
def no_folder_named(monkeypatch):
    """As at a fresh start."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")


def test_beside_the_source_where_it_may(tmp_path, monkeypatch, no_folder_named):
    monkeypatch.chdir(tmp_path)
    numba_cache.use_writable_cache(str(tmp_path / "kernel.py"))
    assert numba.config.CACHE_DIR == "" and (tmp_path / "__pycache__").is_dir()


def test_in_the_task_where_the_source_is_read_only(tmp_path, monkeypatch, no_folder_named):
    monkeypatch.chdir(tmp_path)
    code = tmp_path / "code"
    code.write_text("a file: nothing can be written under it")
    numba_cache.use_writable_cache(str(code / "kernel.py"))
    assert numba.config.CACHE_DIR == str(tmp_path / ".numba_cache") == os.environ["NUMBA_CACHE_DIR"]
    assert (tmp_path / ".numba_cache").is_dir()


def test_in_a_temporary_folder_where_nothing_else_can_be_written(tmp_path, monkeypatch, no_folder_named):
    monkeypatch.setattr(numba_cache, "_writable", lambda folder: False)
    numba_cache.use_writable_cache(str(tmp_path / "kernel.py"))
    assert Path(numba.config.CACHE_DIR).is_dir() and "numba_cache_" in numba.config.CACHE_DIR
    Path(numba.config.CACHE_DIR).rmdir()


def test_a_named_folder_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    numba_cache.use_writable_cache("/nowhere/kernel.py")
    assert numba.config.CACHE_DIR == str(tmp_path)


def test_the_library_runs_without_numba(tmp_path):
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] == 'numba':
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == 'numba' else real(name, package)
import numpy as np
from types import SimpleNamespace
from regdecode.genome.binning import Placed, bin_sites, has_numba
from regdecode.genome.regions import promoter_regions
at = np.array([50])
genes = SimpleNamespace(chrom=np.array(['a']), strand=np.array(['-']), tss=at, start_codon=at)
sites = Placed(np.zeros(1, np.int32), np.zeros(1, np.int32), np.array([45]), np.array([52]), None)
counts = bin_sites(sites, promoter_regions(genes, 10, 10, 5, 'tss', {}), np.array(['a']), 1).counts
print(has_numba(), counts.toarray().ravel().tolist(), 'numba' in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": LIBRARY})
    assert done.stdout.split("\n")[0] == "False [0.0, 1.0, 5.0, 1.0] False"
