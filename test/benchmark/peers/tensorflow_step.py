"""A training step in TensorFlow: cross-entropy, plus the large margin of equation (10) for its modes."""

import tensorflow as tf

LOWEST = -3.4e38
EPSILON = 1e-6


def versions():
    return {"TensorFlow": tf.__version__}


def make_step(case, mode, graph):
    """Returns a function that makes one step and returns the loss before it."""
    x, y = tf.constant(case.x), tf.constant(case.y)
    weights = [tf.Variable(value) for value in case.weights]
    squares = [tf.Variable(tf.zeros_like(value)) for value in weights]
    momenta = [tf.Variable(tf.zeros_like(value)) for value in weights]

    def step():
        with tf.GradientTape() as tape:
            loss = training_loss(tape, case.layers, weights, x, y, mode)
        for variable, square, momentum, grad in zip(weights, squares, momenta, tape.gradient(loss, weights)):
            # square += (1 - rho)(grad^2 - square); variable -= lr * grad / sqrt(square + epsilon): tfjs's rmsprop.
            tf.raw_ops.ResourceApplyRMSProp(
                var=variable.handle,
                ms=square.handle,
                mom=momentum.handle,
                lr=1e-4,
                rho=0.9,
                momentum=0.0,
                epsilon=1e-7,
                grad=grad,
            )
        return loss

    run = tf.function(step) if graph else step
    return lambda: float(run())


def training_loss(tape, layers, weights, x, y, mode):
    if mode is None:
        logits, _ = forward(layers, weights, x)
        return cross_entropy(y, logits)
    with tf.GradientTape(persistent=True) as walk:
        walk.watch(x)
        logits, taps = forward(layers, weights, x)
    chosen = taps[:1] if mode["layers"] == "input" else taps
    return cross_entropy(y, logits) + margin(tape, walk, logits, chosen, y, mode)


def cross_entropy(y, logits):
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, logits))


def forward(layers, weights, x):
    """Returns the logits and the margin layers, the input first."""
    taps, h, left = [x], x, list(weights)
    for layer in layers:
        if layer["op"] == "conv":
            h = tf.nn.bias_add(tf.nn.conv2d(h, left.pop(0), strides=1, padding="SAME"), left.pop(0))
        elif layer["op"] == "dense":
            h = tf.nn.bias_add(tf.matmul(h, left.pop(0)), left.pop(0))
        elif layer["op"] == "pool":
            h = tf.nn.max_pool2d(h, 2, 2, "VALID")
        else:
            h = tf.reshape(h, [h.shape[0], -1])
        if layer.get("activation") == "relu":
            h = tf.nn.relu(h)
        if layer.get("tap"):
            taps.append(h)
    return h, taps


def margin(tape, walk, logits, taps, y, mode):
    """The sum over the layers of the mean penalty; the walk stops at the first layer that is asked for."""
    with tape.stop_recording():
        directions = rival_directions(logits, y, mode)
    gaps = tf.stack([tf.reduce_sum(logits * direction, 1) for direction in directions], 1)
    if mode["gradient"] == "exact":
        norms = [walk_norms(walk, logits, taps, direction) for direction in directions]
    else:
        with tape.stop_recording():
            norms = [walk_norms(walk, logits, taps, direction) for direction in directions]
    total = 0.0
    for layer in range(len(taps)):
        distances = gaps / (tf.stack([norm[layer] for norm in norms], 1) + EPSILON)
        gamma = mode["gamma"]
        penalties = tf.clip_by_value(gamma - distances, 0.0, mode["clip"] * gamma)
        total += tf.reduce_mean(tf.reduce_max(penalties, 1))
    return total


def rival_directions(logits, y, mode):
    ranks = tf.random.uniform(tf.shape(logits)) if mode["rivals"] == "random" else logits
    _, rivals = tf.math.top_k(tf.where(y > 0, LOWEST, ranks), mode["topK"])
    return [y - tf.one_hot(rivals[:, k], logits.shape[1]) for k in range(mode["topK"])]


def walk_norms(walk, logits, taps, direction):
    gradients = walk.gradient(logits, taps, output_gradients=direction)
    return [l2_norm(tf.reshape(gradient, [gradient.shape[0], -1])) for gradient in gradients]


def l2_norm(rows):
    """The root has no slope at 0: a zero row has norm 0 and slope 0."""
    total = tf.reduce_sum(rows * rows, 1)
    is_zero = tf.equal(total, 0.0)
    return tf.where(is_zero, 0.0, tf.sqrt(tf.where(is_zero, 1.0, total)))
