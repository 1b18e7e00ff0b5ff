"""Names beside points: none over another, none over a point, all in the room, the same twice."""

from __future__ import annotations

import numpy as np
import pytest

from her2genomics.report.label_places import place_labels

ROOM = np.array([0.0, 0.0, 200.0, 150.0])
RADIUS = 2.0


def boxes_overlap(centres: np.ndarray, sizes: np.ndarray) -> list[tuple[int, int]]:
    pairs = [(i, j) for i in range(len(centres)) for j in range(i)]
    return [(i, j) for i, j in pairs if (np.abs(centres[i] - centres[j]) < (sizes[i] + sizes[j]) / 2).all()]


def points_covered(centres: np.ndarray, sizes: np.ndarray, obstacles: np.ndarray) -> int:
    away = np.abs(centres[:, None] - obstacles[None])
    return int((away < sizes[:, None] / 2 + RADIUS).all(axis=2).sum())


@pytest.mark.parametrize(
    ("x", "y", "direction"), [(100, 75, (1, 0)), (198, 75, (-1, 0)), (190, 148, (-1, 0)), (2, 2, (1, 0))]
)
def test_a_name_alone_stands_beside_its_point_inside_the_room(x: float, y: float, direction: tuple[int, int]) -> None:
    size = np.array([[24.0, 6.0]])
    point = np.array([[x, y]], dtype=float)
    (centre,) = place_labels(point, size, point, RADIUS, ROOM)
    assert np.sign(centre - point[0])[0] == direction[0]
    assert (centre - size[0] / 2 >= ROOM[:2]).all()
    assert (centre + size[0] / 2 <= ROOM[2:]).all()
    gap = np.maximum(np.abs(centre - point[0]) - size[0] / 2, 0)
    assert np.hypot(*gap) < RADIUS + 6.0, "next to it"


def test_names_of_points_at_the_same_place_come_apart() -> None:
    points = np.full((8, 2), 70.0)
    sizes = np.full((8, 2), [22.0, 6.0])
    centres = place_labels(points, sizes, points, RADIUS, ROOM)
    assert boxes_overlap(centres, sizes) == []
    assert points_covered(centres, sizes, points) == 0
    assert boxes_overlap(np.full((2, 2), 70.0), sizes) == [(1, 0)], "the check itself sees an overlap"


@pytest.mark.parametrize("seed", range(5))
def test_names_in_a_crowd_cover_no_name_and_no_point(seed: int) -> None:
    rng = np.random.default_rng(seed)
    obstacles = rng.uniform([10, 10], [190, 140], (60, 2))
    sizes = np.column_stack([rng.uniform(15, 30, 8), np.full(8, 6.0)])
    centres = place_labels(obstacles[:8], sizes, obstacles, RADIUS, ROOM)
    assert boxes_overlap(centres, sizes) == []
    assert points_covered(centres, sizes, obstacles) == 0
    assert (centres - sizes / 2 >= ROOM[:2]).all()
    assert (centres + sizes / 2 <= ROOM[2:]).all()
    np.testing.assert_array_equal(centres, place_labels(obstacles[:8], sizes, obstacles, RADIUS, ROOM))


def test_moved_and_enlarged_points_move_and_enlarge_the_places() -> None:
    rng = np.random.default_rng(9)
    points = rng.uniform(20, 130, (8, 2))
    sizes = np.full((8, 2), [22.0, 6.0])
    centres = place_labels(points, sizes, points, RADIUS, ROOM)
    shifted = place_labels(2 * points + 10, 2 * sizes, 2 * points + 10, 2 * RADIUS, 2 * ROOM + 10)
    np.testing.assert_allclose(shifted, 2 * centres + 10)


def test_a_name_larger_than_the_room_still_gets_a_place() -> None:
    point = np.array([[100.0, 75.0]])
    assert np.isfinite(place_labels(point, np.array([[300.0, 6.0]]), point, RADIUS, ROOM)).all()
