import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.flame_motion import FlameFigures, FlameMotion, flame_coloured

Frame = NDArray[np.uint8]

HEIGHT, WIDTH = 120, 160
FLAME, WHITE_HOT, RED_CLOTH = (250, 150, 40), (255, 245, 225), (200, 35, 40)


def room(seed: int = 0, light: float = 1.0) -> Frame:
    """Walls, a floor and furniture, with outlines that stay where they are."""
    draw = np.random.default_rng(seed)
    scene = np.full((HEIGHT, WIDTH, 3), (150, 145, 135), np.float32)
    scene[80:] = (95, 80, 70)
    for _ in range(25):
        y, x = draw.integers(0, HEIGHT - 25), draw.integers(0, WIDTH - 35)
        scene[y : y + draw.integers(5, 25), x : x + draw.integers(5, 35)] = draw.uniform(30, 160)
    return np.clip(scene * light, 0, 255).astype(np.uint8)


def noisy(frame: Frame, draw: np.random.Generator, sigma: float = 4.0) -> Frame:
    return np.clip(frame + draw.normal(0, sigma, frame.shape), 0, 255).astype(np.uint8)


def burning(frame: Frame, draw: np.random.Generator, across: float, high: float) -> Frame:
    """Tongues of flame, a third taller or shorter from frame to frame, and as bright or dark."""
    lit = frame.copy()
    middle, foot = WIDTH // 2, 100
    for x in range(int(middle - across / 2), int(middle + across / 2)):
        tall = int(high * draw.uniform(0.4, 1.0))
        lit[max(0, foot - tall) : foot, x] = np.array(FLAME) * draw.uniform(0.7, 1.0)
    return lit


def watch(frames: list[Frame], every_s: float = 0.5) -> list[FlameFigures]:
    motion = FlameMotion()
    return [motion.update(frame, n * every_s) for n, frame in enumerate(frames)]


def framed(picture: tuple[int, int, int]) -> Frame:
    scene = room()
    scene[20:70, 50:110] = picture
    return scene


@given(seed=st.integers(0, 1000), every_s=st.sampled_from([0.2, 0.5, 1.0]))
@settings(deadline=None, max_examples=6)
def test_a_painting_of_a_fire_does_not_flicker(seed: int, every_s: float) -> None:
    draw = np.random.default_rng(seed)
    figures = watch([noisy(framed(FLAME), draw) for _ in range(40)], every_s)
    assert figures[-1].coloured_pct > 10
    assert max(each.area_pct for each in figures) < 0.1
    assert figures[-1].flicker < 0.05


@pytest.mark.parametrize("every_s", [0.2, 0.5, 1.0])
def test_a_fire_that_spreads_grows_in_area(every_s: float) -> None:
    draw = np.random.default_rng(1)
    frames = [room()] * 4
    frames += [burning(room(), draw, 10 + 1.5 * n, 15 + n) for n in range(60)]
    figures = watch(frames, every_s)
    steps = [figures[n].area_pct for n in (15, 25, 35, 45, 63)]
    assert steps == sorted(steps)
    assert steps[-1] > 5
    assert figures[-1].growth_pct_per_s > 0
    assert figures[-1].flicker > 0.5


def test_a_candle_stays_small() -> None:
    draw = np.random.default_rng(2)
    figures = watch([burning(room(), draw, 3, 6) for _ in range(60)])
    assert max(each.area_pct for each in figures) < 0.5
    assert abs(figures[-1].growth_pct_per_s) < 0.02


@pytest.mark.parametrize("lamp", [(255, 190, 90), WHITE_HOT])
def test_a_lamp_in_a_room_is_no_flame(lamp: tuple[int, int, int]) -> None:
    draw = np.random.default_rng(3)
    figures = watch([noisy(framed(lamp), draw) for _ in range(40)])
    assert max(each.area_pct for each in figures) < 0.1


@pytest.mark.parametrize("every_s", [0.2, 1.0])
def test_a_light_that_is_switched_is_no_flame(every_s: float) -> None:
    draw = np.random.default_rng(4)
    frames = [noisy(room(light=0.3 if n // 8 % 2 else 1.4), draw) for n in range(64)]
    assert max(each.area_pct for each in watch(frames, every_s)) < 0.5


def test_a_warm_light_that_is_switched_on_is_no_flame() -> None:
    warm = np.clip(room() * np.array([1.7, 1.2, 0.4]), 0, 255).astype(np.uint8)
    frames = [room(light=0.4)] * 10 + [warm] * 30
    figures = watch(frames)
    assert figures[-1].coloured_pct > 5
    assert max(each.area_pct for each in figures) < 1


@pytest.mark.parametrize("every_s", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("cloth", [RED_CLOTH, (240, 130, 40)])
def test_somebody_in_red_or_orange_who_walks_by_is_hardly_seen(
    every_s: float, cloth: tuple[int, int, int]
) -> None:
    frames = []
    for n in range(int(12 / every_s)):
        scene, x = room(), int(20 * n * every_s)
        scene[40:90, x : x + 14] = cloth
        frames.append(scene)
    assert max(each.area_pct for each in watch(frames, every_s)) < 2


def test_pictures_of_fires_shown_one_after_another_flicker() -> None:
    draw = np.random.default_rng(5)
    frames = [burning(room(n // 2), draw, 60, 70) for n in range(40)]
    assert watch(frames)[-1].area_pct > 5


def test_a_picture_of_a_fire_that_comes_and_stays_is_not_ruled_out_by_stillness() -> None:
    draw = np.random.default_rng(6)
    fire = burning(room(9), draw, 60, 70)
    frames = [noisy(room(1), draw) for _ in range(20)] + [noisy(fire, draw) for _ in range(60)]
    figures = watch(frames)
    assert figures[40].area_pct > 3
    assert figures[79].area_pct > 3


def test_what_came_and_keeps_still_belongs_to_the_scene_in_the_end() -> None:
    frames = [room()] * 20 + [framed(FLAME)] * 200
    figures = watch(frames, every_s=1.0)
    assert figures[40].area_pct > 5
    assert figures[-1].area_pct == 0


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40), st.floats(-5, 60)), max_size=20))
@settings(deadline=None, max_examples=20)
def test_figures_are_shares_whatever_is_seen(sizes: list[tuple[int, int, float]]) -> None:
    motion, at, draw = FlameMotion(), 0.0, np.random.default_rng(7)
    for height, width, passed_s in sizes:
        at += passed_s
        figures = motion.update(draw.integers(0, 256, (height, width, 3), np.uint8), at)
        assert 0 <= figures.area_pct <= 100
        assert 0 <= figures.coloured_pct <= 100
        assert 0 <= figures.flicker <= 1
        assert np.isfinite(figures.growth_pct_per_s)


def test_a_frame_that_is_not_newer_is_passed_over() -> None:
    motion = FlameMotion()
    first = motion.update(framed(FLAME), 5.0)
    assert motion.update(room(), 5.0) == first


def test_the_white_of_a_flame_counts_beside_its_colour_and_not_alone() -> None:
    scene = np.zeros((20, 20, 3), np.float32)
    scene[5:8, 5:8] = FLAME
    scene[8, 5:8] = scene[15, 15] = WHITE_HOT
    coloured = flame_coloured(scene)
    assert coloured[8, 6]
    assert not coloured[15, 15]


@pytest.mark.parametrize("side", ["left", "middle", "right"])
def test_where_flames_move_is_cut_out_with_what_is_about_them(side: str) -> None:
    draw, motion, frame = np.random.default_rng(5), FlameMotion(), room()
    shift = {"left": -70, "middle": 0, "right": 70}[side]
    for n in range(40):
        lit = burning(room(), draw, 16, 30) if n > 4 else room()
        frame = np.roll(lit, shift, axis=1) if n > 4 else lit
        motion.update(frame, n / 2)
    near = motion.around(frame)
    assert near is not None
    assert near.shape[0] * near.shape[1] < frame.shape[0] * frame.shape[1] / 3
    whole, part = (int(flame_coloured(each.astype(np.float32)).sum()) for each in (frame, near))
    assert part >= 0.8 * whole


def test_a_candle_is_not_looked_at_closely_nor_is_a_room_without_flames() -> None:
    draw, motion = np.random.default_rng(6), FlameMotion()
    assert motion.around(room()) is None
    for n in range(40):
        frame = burning(room(), draw, 3, 5) if n > 4 else room()
        motion.update(frame, n / 2)
        assert motion.around(frame) is None
