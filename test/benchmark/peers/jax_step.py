"""The training step of tensorflow_step.py in JAX, compiled as a whole."""

import jax
import jax.numpy as jnp
from jax import lax

LOWEST = -3.4e38
EPSILON = 1e-6


def versions():
    return {"JAX": jax.__version__}


def make_step(case, mode):
    """Returns a function that makes one step and returns the loss before it."""
    x, y = jnp.asarray(case.x), jnp.asarray(case.y)
    stages = split_at_taps(case.layers)

    def step(weights, squares, key):
        key, draw = jax.random.split(key)
        loss, grads = jax.value_and_grad(training_loss)(weights, stages, x, y, mode, draw)
        # square += (1 - rho)(grad^2 - square); weight -= lr * grad / sqrt(square + epsilon): tfjs's rmsprop.
        squares = [0.9 * square + 0.1 * grad * grad for square, grad in zip(squares, grads)]
        weights = [w - 1e-4 * g / jnp.sqrt(s + 1e-7) for w, g, s in zip(weights, grads, squares)]
        return loss, weights, squares, key

    compiled = jax.jit(step, donate_argnums=(0, 1, 2))
    weights = [jnp.array(value) for value in case.weights]
    state = [weights, [jnp.zeros_like(value) for value in weights], jax.random.PRNGKey(0)]

    def run():
        loss, *state[:] = jax.block_until_ready(compiled(*state))
        return float(loss)

    return run


def split_at_taps(layers):
    """Cuts the net where margins are measured: the pull-backs of the stages, chained, pass all of them."""
    stages = [[]]
    for layer in layers:
        stages[-1].append(layer)
        if layer.get("tap"):
            stages.append([])
    return stages


def training_loss(weights, stages, x, y, mode, key):
    h, left, pull_backs = x, list(weights), []
    for stage in stages:
        own = [left.pop(0) for layer in stage if layer["op"] in ("conv", "dense") for _ in range(2)]
        h, pull_back = jax.vjp(lambda h, stage=stage, own=own: forward(stage, own, h), h)
        pull_backs.append(pull_back)
    loss = -jnp.mean(jnp.sum(y * jax.nn.log_softmax(h), 1))
    return loss if mode is None else loss + margin(h, pull_backs, y, mode, key)


def forward(stage, weights, h):
    left = list(weights)
    for layer in stage:
        if layer["op"] == "conv":
            numbers = ("NHWC", "HWIO", "NHWC")
            h = lax.conv_general_dilated(h, left.pop(0), (1, 1), "SAME", dimension_numbers=numbers) + left.pop(0)
        elif layer["op"] == "dense":
            h = h @ left.pop(0) + left.pop(0)
        elif layer["op"] == "pool":
            h = max_pool(h)
        else:
            h = h.reshape(h.shape[0], -1)
        if layer.get("activation") == "relu":
            h = jax.nn.relu(h)
    return h


def max_pool(h):
    """2x2; of equal largest values the first one takes the gradient, as in TensorFlow."""
    batch, rows, columns, channels = h.shape
    windows = h.reshape(batch, rows // 2, 2, columns // 2, 2, channels)
    windows = windows.transpose(0, 1, 3, 5, 2, 4).reshape(batch, rows // 2, columns // 2, channels, 4)
    chosen = jax.nn.one_hot(jnp.argmax(windows, -1), 4, dtype=h.dtype)
    return jnp.sum(windows * lax.stop_gradient(chosen), -1)


def margin(logits, pull_backs, y, mode, key):
    """The sum over the layers of the mean penalty."""
    directions = rival_directions(lax.stop_gradient(logits), y, mode, key)
    gaps = jnp.stack([jnp.sum(logits * direction, 1) for direction in directions], 1)
    norms = [walk_norms(pull_backs, direction, mode) for direction in directions]
    total = 0.0
    for layer in range(len(norms[0])):
        distances = gaps / (jnp.stack([norm[layer] for norm in norms], 1) + EPSILON)
        gamma = mode["gamma"]
        total += jnp.mean(jnp.max(jnp.clip(gamma - distances, 0.0, mode["clip"] * gamma), 1))
    return total


def rival_directions(logits, y, mode, key):
    ranks = jax.random.uniform(key, logits.shape) if mode["rivals"] == "random" else logits
    _, rivals = lax.top_k(jnp.where(y > 0, LOWEST, ranks), mode["topK"])
    return [y - jax.nn.one_hot(rivals[:, k], logits.shape[1]) for k in range(mode["topK"])]


def walk_norms(pull_backs, direction, mode):
    """Norms at the margin layers, the input first; what is not asked for is dropped by the compiler."""
    gradient, norms = direction, []
    for pull_back in reversed(pull_backs):
        (gradient,) = pull_back(gradient)
        norm = l2_norm(gradient.reshape(gradient.shape[0], -1))
        norms.insert(0, norm if mode["gradient"] == "exact" else lax.stop_gradient(norm))
    return norms[:1] if mode["layers"] == "input" else norms


def l2_norm(rows):
    """The root has no slope at 0: a zero row has norm 0 and slope 0."""
    total = jnp.sum(rows * rows, 1)
    is_zero = total == 0
    return jnp.where(is_zero, 0.0, jnp.sqrt(jnp.where(is_zero, 1.0, total)))
