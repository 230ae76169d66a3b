"""The plain scripts against the core: fed the same draws, two independent programs give the same trajectory."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from mmcl_core import catalog
from tests.tolerances import ABSOLUTE, RELATIVE, close

FOLDER = Path(__file__).parents[1] / "minimal"


def plain(key):
    """The script as a module; it imports nothing of ours."""
    spec = importlib.util.spec_from_file_location(f"minimal_{key}", FOLDER / f"{key}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("key", catalog.PAPERS)
def test_a_script_is_short_and_imports_nothing_of_ours(key):
    text = (FOLDER / f"{key}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120 and max(map(len, text.splitlines())) <= 120
    assert "mmcl_core" not in text and "NOT " in text.splitlines()[-1] + text.splitlines()[-2] + text.splitlines()[-3]


@pytest.mark.parametrize("key", catalog.PAPERS)
def test_a_script_runs_draws_its_picture_and_says_its_numbers(key, tmp_path):
    command = [sys.executable, str(FOLDER / f"{key}.py"), "--picture", str(tmp_path / "picture.png")]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) >= 2 and (tmp_path / "picture.png").stat().st_size > 10_000


@pytest.mark.parametrize("method", ["single", "multi"])
def test_huang2024_is_the_cores_trajectory(method):
    from mmcl_core.papers.huang2024 import dynamics, heads, setting

    script, size = plain("huang2024"), {"n": 50, "d": 500, "signal": 3.536, "ratio": 3.0}
    filters, scale, rate, epochs = 50, 2e-3, 0.02, 60
    vectors = setting.drawn_vectors(0, *size.values(), 1.0, 0.1)
    labels = setting.draw_labels([0], size["n"])[0]
    shifted = torch.zeros(size["d"], dtype=torch.float64)
    shifted[0] = 2.0
    data = {
        "first": (labels, vectors["first"][0], vectors["first"][1:]),
        "second": (labels, vectors["second"][0], vectors["second"][1:]),
        "view": (labels, vectors["first"][0], vectors["augmented"]),
        "test": (
            setting.draw_labels([0], 200, "test labels")[0],
            shifted,
            setting.normal([0], "test noise", 200, size["d"])[0],
        ),
        "filters": [setting.initial_weights(0, name, filters, size["d"], scale) for name in ("first", "second")],
    }
    problem = setting.gaussian(
        [0], size["n"], filters, size["d"], size["signal"], size["ratio"], scale, 1.0, 0.1, 2.0, 200
    )
    mine = script.train(method=method, data=data, rate=rate, epochs=epochs)
    for state in dynamics.trajectory(problem, method == "multi", rate, epochs, 1.0):
        assert close(mine["loss"][state.step], float(state.loss))
        assert close(mine["signal"][state.step], float(state.first.signal.abs().max()))
        assert close(mine["noise"][state.step], float(state.first.noise.max()))
    assert mine["accuracy"][-1] == pytest.approx(float(heads.head_b(state, problem)[0]), abs=0.015)  # two solvers


@pytest.mark.parametrize(
    ("inverse_temperature", "rate", "steps"), [(None, 2.0, 60), (5.0, 0.5, 60), (1.0, 2.0, 60), (0.3, 8.0, 60)]
)
def test_ren2023_is_the_cores_trajectory_under_any_rotation(inverse_temperature, rate, steps):
    from mmcl_core.papers.ren2023 import dynamics, setting

    script = plain("ren2023")
    views = setting.views(script.D, script.VARIANCES[: script.RANK].tolist(), 0.2)
    start = setting.initial_encoders(views, 25, [0])
    reduced = setting.reduce_width(start)
    stream = torch.Generator().manual_seed(5)
    turns = [torch.linalg.qr(torch.randn(script.D, script.D, dtype=torch.float64, generator=stream))[0] for _ in "AB"]
    maps = [turn * views.variance_a.sqrt() for turn in turns]
    weights = [
        turn @ (encoder[0] * (script.D / views.variance_a).sqrt()).T
        for turn, encoder in zip(turns, (start.a, start.b), strict=True)
    ]
    batches = dynamics.Batches(views, 64, [0], torch.device("cpu"), dtype=torch.float64)
    draws = [tuple(x[0] for x in batches.draw()) for _ in range(steps)]

    def law(step):
        batch = [x[None] for x in draws[step]]
        if inverse_temperature is None:
            return dynamics.batch_noncontrastive(*batch)
        return dynamics.batch_contrastive(*batch, inverse_temperature)

    core = [dynamics.observe(e, views) for _, e in dynamics.descend(reduced, views, law, rate, steps)]
    mine = script.train(0, inverse_temperature, rate, steps, maps, weights, draws)
    for name, values in mine.items():
        np.testing.assert_allclose(
            values, torch.cat([getattr(o, name) for o in core]).numpy(), rtol=RELATIVE[torch.float64]
        )


def test_ren2023_knows_the_same_limit():
    from mmcl_core.papers.ren2023 import theory

    script = plain("ren2023")
    spectrum = script.VARIANCES[: script.RANK].numpy()
    assert close(script.limit_of_positives_only(spectrum, 40), theory.limit_condition_number(spectrum, 40))


def test_yaras2024_free_points_are_the_cores_descent():
    from mmcl_core.papers.yaras2024 import swapping
    from mmcl_core.papers.yaras2024.points import Ring

    steps = 500
    gap, temperature = swapping.train(Ring(), (swapping.Swap("none"),), [0], steps, 0.05, list(range(steps + 1)))
    script = plain("yaras2024")
    mine = script.train(script.pentagons(), [0.05] * steps)
    assert close(mine["gap"], gap[0, 0])
    assert close(mine["temperature"], temperature[0, 0])


@pytest.mark.parametrize("rate", [1.0, 0.1, 0.0])
def test_yaras2024_parallel_model_is_the_cores_field_step_by_step(rate):
    from mmcl_core.papers.yaras2024 import dynamics, parallel
    from mmcl_core.papers.yaras2024.schemes import Exponential

    script, law, gamma = plain("yaras2024"), Exponential(rate=rate), 0.1
    pairs = script.random_pairs(10, 10, 0)
    steps = script.log_time_steps(1e4, 0.02)
    mine = script.train(pairs, steps, 0.07, rate, height=gamma)
    (x, y), nu, rows = pairs.clone(), law.parameter(1 / 0.07), []
    for step in [*steps, 0.0]:
        beta = float(law.inverse_temperature(torch.tensor(nu, dtype=torch.float64)))
        rows.append((float(parallel.gap(x, y, gamma)), 1 / beta, gamma))
        forces = dynamics.forces(x, y, beta * (1 - gamma**2))
        dnu, _, dgamma = parallel.velocities(x @ y.T, beta, gamma, law)
        x, y = (normalize(p + step * f, dim=1) for p, f in zip((x, y), forces, strict=True))
        nu, gamma = nu + step * dnu, gamma + step * dgamma
    for name, values in zip(("gap", "temperature", "height"), np.array(rows).T, strict=True):
        assert close(mine[name], values)


@pytest.mark.parametrize("told", [1.0, 0.5, 0.0])
def test_xue2024_is_the_cores_descent_and_minimiser(told):
    from mmcl_core.papers.xue2024 import linear, supervised
    from mmcl_core.papers.xue2024.setting import Draws, IntraClass, observe

    script, steps = plain("xue2024"), 60
    dim, maps = script.DIM, [np.eye(script.DIM)[:, :2]] * 2  # the core's features are the first coordinates
    rng = np.random.default_rng(7)
    model = IntraClass(script.CORE, script.SPURIOUS, script.AGREE, told)
    sample = model.sample(Draws.of(script.N, rng))
    images, captions = (observe(f, dim, script.NOISE, rng) for f in (sample.image, sample.text))
    start = rng.normal(0, 0.01, (2, script.RANK, dim))
    pairs = (images, captions, sample.label.astype(float), *maps)
    mine = script.train(0, pairs, list(start), steps=steps)
    covariance, (a, b) = linear.cross_covariance(images, captions), start
    for step in range(steps):
        assert close(mine["loss"][step], float(linear.loss(a, b, covariance, script.RHO)))
        a, b = linear.descend(a, b, covariance, script.RHO, np.full((1, 1), 0.1), 1)
        direction = a.T @ b[:, 0]
        np.testing.assert_allclose(mine["contrastive"][step], direction, atol=1e-10 * np.abs(direction).max())
    np.testing.assert_allclose(
        mine["supervised"][-1],
        supervised.logistic_descent(images, sample.label, steps),
        rtol=RELATIVE[torch.float64],
        atol=ABSOLUTE[torch.float64],
    )
    best = linear.minimiser(images, captions, script.RANK, script.RHO).direction(np.array([1.0, 0.0]))
    np.testing.assert_allclose(
        script.minimiser(images, captions)[:, 0], best, rtol=RELATIVE[torch.float64], atol=ABSOLUTE[torch.float64]
    )
    core = linear.gaussian_accuracy(best, model, script.NOISE)
    assert close(script.accuracy(best, maps[0])[:2], [core.id, core.ood])


@pytest.mark.parametrize("said", [(0, 1), (1, 1), (1, 0)])
def test_xue2024_knows_the_same_optimum_of_clips_loss(said):
    from mmcl_core.papers.xue2024.optimum import Population, optimum

    found = optimum(Population(*said, 0.995), 0.01)
    identity, ood, _, conflict = found.population.accuracies(found.right)
    assert close(plain("xue2024").perfect_reader(*said), [identity, ood, conflict])


def test_xue2024_classes_that_share_are_the_cores_law():
    from mmcl_core.papers.xue2024 import theory
    from mmcl_core.papers.xue2024.setting import Sharing

    script = plain("xue2024")
    for pi in (1.0, 0.0):
        expected = theory.sharing_accuracy(Sharing(20, 1.2, 0.5).said(pi))
        assert script.sharing_accuracy(0, pi)[1] == pytest.approx(expected, abs=0.005)
