"""The edges of a frame as 32 by 24 yes or no: where a bed ends shows, who lies in it does not."""

import numpy as np
from numpy.typing import NDArray

from drivers.outline import COLUMNS, ROWS, packed

_SHARE = 0.3  # of the cells are edges, at most
_LEAST = 6.0  # levels of 255 from cell to cell: less is noise


def outline_of(frame: NDArray[np.uint8]) -> list[float]:
    """The rows, from the top, as the numbers that cross.

    Args:
        frame: (height, width, 3), RGB, at least 32 by 24.
    """
    cells = _cells(frame[:, :, 1])
    across, down = np.zeros_like(cells), np.zeros_like(cells)
    across[:, 1:] = np.abs(np.diff(cells, axis=1))
    down[1:] = np.abs(np.diff(cells, axis=0))
    steps = np.maximum(across, down)
    edges = steps > max(_LEAST, float(np.quantile(steps, 1 - _SHARE)))
    return [packed(index, row.tolist()) for index, row in enumerate(edges)]


def _cells(plane: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The mean brightness in each cell."""
    rows = np.arange(ROWS) * plane.shape[0] // ROWS
    columns = np.arange(COLUMNS) * plane.shape[1] // COLUMNS
    sums = np.add.reduceat(np.add.reduceat(plane, rows, 0, np.uint32), columns, 1)
    counts = np.outer(np.diff(rows, append=plane.shape[0]), np.diff(columns, append=plane.shape[1]))
    means: NDArray[np.float64] = sums / counts
    return means
