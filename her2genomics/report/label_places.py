"""Where names stand beside their points: apart from each other, from every point, and near their own.

Each name may stand in sixteen directions at ten distances.  The names take the cheapest place one after the other, then
each again with all others standing, until none moves: no random start and no clock, so that the same figure comes out
twice.

References
----------
.. [1] Christensen J, Marks J, Shieber S. An empirical study of algorithms for point-feature label placement. ACM
   Transactions on Graphics 1995;14:203-232 (candidate places with costs, greedy start, local improvement).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_DIRECTIONS = 16
_DISTANCES = (0.15, 0.4, 0.8, 1.3, 1.9, 2.6, 3.4, 4.4, 5.6, 7.0)
"""Gaps between point and name [heights of the name]."""
_NAME_OVER_NAME, _NAME_OVER_POINT, _LINE_OVER_LINE, _LINE_OVER_NAME = 200.0, 40.0, 15.0, 15.0
"""Costs, where a gap of one height costs 1."""
_PADDING = 0.08
"""Room around a name [heights of the name]."""
_MOST_SWEEPS = 10


class Places(NamedTuple):
    """Candidate places of one name: centres, shape (places, 2), and their gaps to the point [heights of the name]."""

    centres: Floats
    gaps: Floats


def place_labels(points: Floats, sizes: Floats, obstacles: Floats, radius: float, bounds: Floats) -> Floats:
    """Return the centre of each name.

    Parameters
    ----------
    points
        What is named, shape (names, 2); the most important first.
    sizes
        Width and height of each name, shape (names, 2), in the unit of ``points``, as all lengths here.
    obstacles
        Points that no name should cover, shape (n, 2); those that are named belong to them.
    radius
        Radius of an obstacle.
    bounds
        Left, bottom, right, top of the room; a name that cannot stand inside stands outside.

    Examples
    --------
    >>> one = np.array([[50.0, 50.0]])
    >>> place_labels(one, np.array([[20.0, 10.0]]), one, 2.0, np.array([0.0, 0.0, 100.0, 100.0])).round(1).tolist()
    [[63.5, 50.0]]
    """
    options = [_candidates(p, s, radius, bounds) for p, s in zip(points, sizes, strict=True)]
    centres = np.full(points.shape, np.nan)
    for _ in range(_MOST_SWEEPS):
        before = centres.copy()
        for i, places in enumerate(options):
            others = [j for j in range(len(points)) if j != i and not np.isnan(centres[j, 0])]
            cost = places.gaps + _NAME_OVER_POINT * _covered(places.centres, sizes[i], obstacles, radius)
            cost += _conflicts(places.centres, points[i], sizes[i], points[others], sizes[others], centres[others])
            centres[i] = places.centres[int(np.argmin(cost.round(9)))]
        if np.array_equal(before, centres):
            break
    return centres


def _candidates(point: Floats, size: Floats, radius: float, bounds: Floats) -> Places:
    """Return the places of a name inside the room, nearest first, to the right first."""
    turns = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS
    direction = np.column_stack([np.cos(turns), np.sin(turns)])
    gaps = np.repeat(_DISTANCES, _DIRECTIONS)
    reach = size / 2 + radius + gaps[:, None] * size[1]
    centres = point + np.tile(direction, (len(_DISTANCES), 1)) * reach
    inside = ((centres - size / 2 >= bounds[:2]) & (centres + size / 2 <= bounds[2:])).all(axis=1)
    kept = inside if inside.any() else np.ones(len(gaps), dtype=bool)
    return Places(centres[kept], gaps[kept])


def _covered(centres: Floats, size: Floats, obstacles: Floats, radius: float) -> Floats:
    """Return how many obstacles each place covers."""
    away = np.abs(centres[:, None] - obstacles[None])
    covered: Floats = (away < size / 2 + radius).all(axis=2).sum(axis=1).astype(float)
    return covered


def _conflicts(centres: Floats, point: Floats, size: Floats, points: Floats, sizes: Floats, standing: Floats) -> Floats:
    """Return what the places of one name cost by the names that stand, and by the lines to them."""
    room = (size + sizes) / 2 + _PADDING * size[1]
    over = (np.abs(centres[:, None] - standing[None]) < room).all(axis=2).sum(axis=1)
    crossing = np.zeros(len(centres))
    under = np.zeros(len(centres))
    for other, their_size, centre in zip(points, sizes, standing, strict=True):
        crossing += _crosses(point, centres, other, centre)
        under += _crosses_box(point, centres, centre, their_size)
        under += _crosses_box(other, centre, centres, size)
    cost: Floats = _NAME_OVER_NAME * over + _LINE_OVER_LINE * crossing + _LINE_OVER_NAME * under
    return cost


def _crosses(start: Floats, end: Floats, first: Floats, last: Floats) -> npt.NDArray[np.bool_]:
    """Return whether segments from ``start`` cross those from ``first`` to ``last``; either may be one or many."""

    def side(a: Floats, b: Floats, c: Floats) -> Floats:
        turned: Floats = np.asarray((b - a)[..., 0] * (c - a)[..., 1] - (b - a)[..., 1] * (c - a)[..., 0])
        return turned

    apart = side(start, end, first) * side(start, end, last) < 0
    both: npt.NDArray[np.bool_] = apart & (side(first, last, start) * side(first, last, end) < 0)
    return both


def _crosses_box(start: Floats, end: Floats, centre: Floats, size: Floats) -> npt.NDArray[np.bool_]:
    """Return whether segments cross a diagonal of boxes; either may be one or many."""
    half = size / 2
    corner = half * np.array([1.0, -1.0])
    rising = _crosses(start, end, centre - half, centre + half)
    return rising | _crosses(start, end, centre - corner, centre + corner)
