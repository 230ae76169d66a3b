"""The same trainings as one would write them in JAX: the loss as printed, `grad`, `vmap` over seeds, `scan`, `jit`.

Single precision, JAX's default. Each function returns a way: seeds in, finished arrays out; compilation is done by the
first call of a size, which the benchmark does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

Way = Callable[[Sequence[int]], object]


def _vmapped(run: Callable) -> Way:
    """`run` of a random key for every seed, at once."""
    together = jax.jit(jax.vmap(run))
    keys = jax.vmap(jax.random.PRNGKey)
    return lambda seeds: jax.block_until_ready(together(keys(jnp.array(list(seeds)))))


def _descend(loss: Callable, start, rate: float, steps: int):
    def step(w, _):
        value, gradient = jax.value_and_grad(loss)(w)
        return jax.tree.map(lambda x, g: x - rate * g, w, gradient), value

    return jax.lax.scan(step, start, None, steps)


def huang2024(steps: int, n: int, m: int, d: int) -> Way:
    def run(key):
        ky, k1, k2, k3, k4 = jax.random.split(key, 5)
        y = jnp.sign(jax.random.normal(ky, (n,)))
        noise = jax.random.normal(k1, (n, d)), jax.random.normal(k2, (n, d))
        means = jnp.zeros(d).at[0].set(5.0), jnp.zeros(d).at[1].set(15.0)
        w = 1e-3 * jax.random.normal(k3, (m, d)), 1e-3 * jax.random.normal(k4, (m, d))
        opposite = y[:, None] != y

        def loss(w):
            h, g = (
                (jax.nn.relu(jnp.outer(y, u @ mu)), jax.nn.relu(xi @ u.T))
                for u, mu, xi in zip(w, means, noise, strict=True)
            )

            def direction(a, b):
                s = sum(p @ jax.lax.stop_gradient(q).T for p, q in zip(a, b, strict=True))
                toward, against = jnp.diagonal(s), jnp.where(opposite, s, -jnp.inf)
                return (jnp.logaddexp(toward, jax.nn.logsumexp(against, 1)) - toward).mean()

            return direction(h, g) + direction(g, h)

        return _descend(loss, w, 0.01, steps)

    return _vmapped(run)


def ren2023(steps: int, batch: int, width: int, d: int, spectrum: list[float]) -> Way:
    rank = len(spectrum)
    spread = jnp.sqrt(jnp.array([*spectrum, *[0.2] * (d - rank)]))

    def run(key):
        k1, k2, k3, k4, key = jax.random.split(key, 5)
        maps = [jnp.linalg.qr(jax.random.normal(k, (d, d)))[0] * spread for k in (k1, k2)]
        w = [jax.random.normal(k, (d, width)) / width**0.5 for k in (k3, k4)]

        def measure(w):
            a, b = (u.T @ o / d**0.5 for u, o in zip(w, maps, strict=True))
            values = jnp.linalg.svd(a[:, :rank], compute_uv=False)
            return values[0] / values[-1], (a * b)[:, :rank].sum() / jnp.linalg.norm(a) / jnp.linalg.norm(b)

        def step(w, key):
            first, second = jax.random.rademacher(key, (2, batch, d), jnp.float32)
            second = second.at[:, :rank].set(first[:, :rank])

            def loss(w):
                f, g = (
                    s @ o.T / d**0.5 @ u / jnp.sqrt(((u.T @ o) ** 2).sum() / d)
                    for u, o, s in zip(w, maps, (first, second), strict=True)
                )
                s = f @ g.T
                own = jnp.diagonal(s)
                return (jax.nn.logsumexp(s, 1) + jax.nn.logsumexp(s, 0) - 2 * own).mean()

            w = jax.tree.map(lambda x, g: x - 2.0 * g, w, jax.grad(loss)(w))
            return w, measure(w)

        return jax.lax.scan(step, w, jax.random.split(key, steps))

    return _vmapped(run)


def yaras2024(steps: int) -> Way:
    angle = 2 * np.pi / 5 * jnp.arange(5)
    height = np.cos(0.4 * np.pi)
    ring = jnp.stack([jnp.cos(angle), jnp.sin(angle)], 1) * (1 - height**2) ** 0.5
    start = jnp.stack(
        [jnp.concatenate([x, jnp.full((5, 1), h)], 1) for x, h in ((ring, height), (jnp.roll(ring, 2, 0), -height))]
    )

    def loss(state):
        points, nu = state
        x, y = points / jnp.linalg.norm(points, axis=2, keepdims=True)
        logits = x @ y.T * jnp.exp(nu)
        return ((jax.nn.logsumexp(logits, 0) + jax.nn.logsumexp(logits, 1)) / 2 - jnp.diagonal(logits)).mean()

    def run(key):
        turn = jnp.linalg.qr(jax.random.normal(key, (3, 3)))[0]

        def step(state, _):
            points, nu = jax.tree.map(lambda x, g: x - 0.05 * g, state, jax.grad(loss)(state))
            points = points / jnp.linalg.norm(points, axis=2, keepdims=True)
            gap = jnp.linalg.norm(points[0].mean(0) - points[1].mean(0))
            return (points, nu), (gap, jnp.exp(-nu))

        return jax.lax.scan(step, (start @ turn, -jnp.log(0.07)), None, steps)

    return _vmapped(run)


def xue2024(steps: int, script) -> Way:
    n, dim, rank = script.N, script.DIM, script.RANK

    def run(key):
        ky, ks, kz, ki, kt, kw = jax.random.split(key, 6)
        y = jax.random.rademacher(ky, (n,), jnp.float32)
        means = jnp.stack([y, jnp.where(jax.random.uniform(ks, (n,)) < script.AGREE, y, -y)], 1)
        z = means + jax.random.normal(kz, (n, 2)) * jnp.array([script.CORE, script.SPURIOUS])
        image, text = (jnp.pad(z, ((0, 0), (0, dim - 2))) + jax.random.normal(k, (n, dim)) / dim**0.5 for k in (ki, kt))
        w = tuple(0.01 * jax.random.normal(kw, (2, rank, dim)))

        def loss(w):
            s = (image @ w[0].T) @ (text @ w[1].T).T
            own = jnp.diagonal(s)[:, None]
            return ((s - own) + (s.T - own)).sum() / (2 * n * (n - 1)) + ((w[0].T @ w[1]) ** 2).sum() / 2

        return _descend(loss, w, 0.1, steps)

    return _vmapped(run)


def small_clip(steps: int, batch: int, images: np.ndarray, tokens: np.ndarray) -> Way:
    pictures, words = jnp.asarray(images.transpose(0, 2, 3, 1)), jnp.asarray(tokens)
    sizes = {
        "c1": (4, 4, 3, 16), "c2": (3, 3, 16, 32), "i1": (512, 160), "i2": (160, 64),
        "e": (int(tokens.max()) + 1, 24), "t1": (tokens.shape[1] * 24, 160), "t2": (160, 160), "t3": (160, 64),
    }  # fmt: skip

    def layer(w, name, x):
        return x @ w[name] + w["b" + name]

    def loss(w, rows):
        x = pictures[rows]
        for name in ("c1", "c2"):
            pads = ((1, 1), (1, 1))
            x = jax.lax.conv_general_dilated(x, w[name], (2, 2), pads, dimension_numbers=("NHWC", "HWIO", "NHWC"))
            x = jax.nn.relu(x + w["b" + name])
        a = layer(w, "i2", jax.nn.relu(layer(w, "i1", x.reshape(len(rows), -1))))
        t = w["e"][words[rows]].reshape(len(rows), -1)
        b = layer(w, "t3", jax.nn.relu(layer(w, "t2", jax.nn.relu(layer(w, "t1", t)))))
        a, b = (f / jnp.linalg.norm(f, axis=1, keepdims=True) for f in (a, b))
        logits = a @ b.T * jnp.exp(w["nu"])
        return ((jax.nn.logsumexp(logits, 0) + jax.nn.logsumexp(logits, 1)) / 2 - jnp.diagonal(logits)).mean()

    def run(key):
        draws = dict(zip(sizes, jax.random.split(key, len(sizes)), strict=True))
        w = {k: jax.random.normal(draws[k], s) / np.prod(s[:-1]) ** 0.5 for k, s in sizes.items()}
        w |= {"b" + k: jnp.zeros(s[-1]) for k, s in sizes.items() if k != "e"} | {"nu": -jnp.log(0.07)}
        zero = jax.tree.map(jnp.zeros_like, w)

        def step(state, key):
            w, first, second, t = state
            rows = jax.random.permutation(key, len(pictures))[:batch]
            g = jax.grad(loss)(w, rows)
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, g)
            second = jax.tree.map(lambda v, g: 0.98 * v + 0.02 * g * g, second, g)
            w = jax.tree.map(
                lambda x, m, v: x - 5e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.98**t)) + 1e-8), w, first, second
            )
            return (w, first, second, t + 1), None

        return jax.lax.scan(step, (w, zero, zero, 1.0), jax.random.split(key, steps))

    return _vmapped(run)
