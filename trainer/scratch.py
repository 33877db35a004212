"""Where tensors live that have a row for every response: in memory, or in a file the system may drop pages of."""

import tempfile
from pathlib import Path

import torch
from torch import Tensor

MOST_IN_MEMORY = 2**26  # numbers of fp32: 256 MiB


def room(n_rows: int, n_columns: int, device: torch.device) -> Tensor:
    """Return an fp32 tensor to be filled. A large one on a CPU is a file without a name, gone when nothing uses it."""
    size = n_rows * n_columns
    if device.type != "cpu" or size <= MOST_IN_MEMORY:
        return torch.empty(n_rows, n_columns, device=device)
    with tempfile.TemporaryDirectory() as folder:
        flat = torch.from_file(str(Path(folder) / "rows"), shared=True, size=size, dtype=torch.float32)
    return flat.view(n_rows, n_columns)
