"""regdecode: learns how regulators set gene expression, and explains itself."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "load_model"]


def __getattr__(name: str) -> Any:
    """Load `load_model` on first use, so that `import regdecode` stays free of torch."""
    if name == "load_model":
        from regdecode.training.load import load_model

        return load_model
    raise AttributeError(f"module 'regdecode' has no attribute '{name}'")
