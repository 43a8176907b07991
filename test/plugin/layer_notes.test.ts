import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  layers,
  model,
  sequential,
  type LayersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {marginRegularizer} from '../../plugin/index.js';
import {
  activationsAt,
  findInputs,
  matchCalls,
  watchLayers,
  type LayerNotes,
} from '../../plugin/layer_notes.js';
import type {MarginPlan} from '../../plugin/margin_plan.js';
import {layersSnapshot} from '../support/engine_state.js';
import {errorOf, expectRefusal} from '../support/expect_no_leak.js';
import {planOf} from '../support/margin_plans.js';
import {randomTensor} from '../support/randoms.js';
import {taped} from '../support/taped.js';
import {apply, convNet, dense, denseNet, labelsOf, seeded} from '../support/tiny_models.js';

const [a, b, c] = [1, 2, 3].map(seed => randomTensor([2, 4], seed));
const at = (name: string) => input({shape: [4], name});
const scores = (x: SymbolicTensor) => apply(dense('scores'), x);
const joined = (xs: SymbolicTensor[]) => apply(layers.concatenate({name: 'joined'}), xs);

/** Watches a net while somebody runs it on a tape, then looks at what was noted. */
function watched<T>(
  net: LayersModel,
  run: () => unknown,
  look: (plan: MarginPlan, notes: LayerNotes) => T,
): T {
  const plan = planOf(net, {output: net.outputNames[0]});
  return taped(() => {
    const {notes, restore} = watchLayers(plan.calls);
    try {
      run();
      return look(plan, notes);
    } finally {
      restore();
    }
  });
}

const running = (net: LayersModel, xs: tf.Tensor[]) => () =>
  net.apply(xs.length === 1 ? xs[0] : xs, {training: true});

/** The tensors that were found, by the names of the inputs. */
function found(net: LayersModel, run: () => unknown): Record<string, tf.Tensor> {
  return watched(net, run, ({calls}, notes) =>
    Object.fromEntries([...findInputs('f', calls, notes)].map(([call, tensor]) => [call.layer.name, tensor])),
  );
}

const encoder = () =>
  sequential({
    name: 'encoder',
    layers: [dense('e1', 5, {inputShape: [4], activation: 'tanh'}), marginRegularizer({name: 'e2'})],
  });

const lstms = () => {
  const [x, y] = [input({shape: [3, 2], name: 'x'}), input({shape: [3, 2], name: 'y'})];
  const first = layers.lstm({units: 3, returnState: true, name: 'first'}).apply(x) as SymbolicTensor[];
  const second = layers.lstm({units: 3, name: 'second'});
  return model({inputs: [x, y], outputs: scores(second.apply([y, ...first.slice(1)]) as SymbolicTensor)});
};

const nets: Array<[string, () => LayersModel, tf.Tensor[]]> = [
  ['a Sequential net', denseNet, [a]],
  ['a net of pictures', () => convNet(), [randomTensor([2, 6, 6, 2], 4)]],
  [
    'an input that two layers read',
    () => {
      const x = at('x');
      return model({inputs: x, outputs: scores(joined([apply(dense('l'), x), apply(dense('r'), x)]))});
    },
    [a],
  ],
  [
    'inputs that are joined',
    () => {
      const xs = ['x', 'y', 'z'].map(at);
      return model({inputs: [xs[2], xs[0], xs[1]], outputs: scores(joined(xs))});
    },
    [c, a, b],
  ],
  [
    'a siamese net: one layer for both inputs',
    () => {
      const [x, y] = [at('x'), at('y')];
      const shared = dense('shared', 5);
      return model({inputs: [x, y], outputs: scores(joined([apply(shared, y), apply(shared, x)]))});
    },
    [a, b],
  ],
  [
    'a siamese net of nested models, with a layer between',
    () => {
      const [x, y] = [at('x'), at('y')];
      const tower = encoder();
      const left = apply(layers.reLU({name: 'left'}), apply(tower, x));
      return model({inputs: [x, y], outputs: scores(joined([left, apply(tower, y)]))});
    },
    [a, b],
  ],
  [
    'three inputs of one tower, one of them joined twice',
    () => {
      const [x, y, z] = ['x', 'y', 'z'].map(at);
      const tower = encoder();
      const [ex, ey, ez] = [z, x, y].map(one => apply(tower, one));
      return model({inputs: [x, y, z], outputs: scores(joined([ey, ex, ez, ey]))});
    },
    [a, b, c],
  ],
  [
    'a shared input and one of its own',
    () => {
      const [x, y] = [at('x'), at('y')];
      const shared = dense('shared', 4);
      const twice = apply(shared, apply(shared, x));
      return model({inputs: [x, y], outputs: scores(joined([twice, y]))});
    },
    [a, b],
  ],
  ['layers that return several tensors', lstms, [randomTensor([2, 3, 2], 5), randomTensor([2, 3, 2], 6)]],
];

describe('findInputs', () => {
  it.each(nets)('finds what was fed to %s', (_, make, xs) => {
    const net = seeded(make());
    const expected = Object.fromEntries(net.inputs.map(({sourceLayer}, i) => [sourceLayer.name, xs[i]]));
    const result = found(net, running(net, xs));
    expect(Object.keys(result).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, tensor] of Object.entries(result)) expect(tensor, name).toBe(expected[name]);
  });

  it.each(nets.filter(([, , xs]) => xs.length > 0))('finds what fit feeds to %s', async (_, make, xs) => {
    const net = seeded(make());
    const {calls} = planOf(net, {});
    const {notes, restore} = watchLayers(calls);
    let seen: Record<string, number[]> = {};
    const loss = (labels: tf.Tensor, outputs: tf.Tensor) => {
      const inputs = [...findInputs('f', calls, notes)];
      seen = Object.fromEntries(inputs.map(([call, t]) => [call.layer.name, Array.from(t.dataSync())]));
      return tf.mean(tf.sub(labels, outputs), 1);
    };
    net.compile({optimizer: tf.train.sgd(0.1), loss});
    await net
      .fit(xs.length === 1 ? xs[0] : xs, labelsOf([0, 1]), {verbose: 0, shuffle: false})
      .finally(restore);
    for (const [i, {sourceLayer}] of net.inputs.entries())
      expect(seen[sourceLayer.name]).toEqual(Array.from(xs[i].dataSync()));
  });

  it('finds what was fed where another output uses the same layers once more', () => {
    const make = () => {
      const [x, y] = [at('x'), at('y')];
      const shared = dense('shared', 4, {activation: 'relu'});
      return model({
        inputs: [x, y],
        outputs: [scores(apply(shared, x)), apply(dense('other', 1), apply(shared, y))],
      });
    };
    const net = seeded(make());
    const result = found(net, running(net, [a, b]));
    expect(Object.keys(result)).toEqual(['x']);
    expect(result.x).toBe(a);
  });

  it('refuses a net that was not run, or not once', async () => {
    const net = denseNet();
    const wanted = ['f: expected model to be run once in a step, with {training: true}', 'optimizer.observe'];
    await expectRefusal(() => found(net, () => {}), 'model', ...wanted, "got '0 runs'");
    const twice = () => [running(net, [a])(), running(net, [b])()];
    await expectRefusal(() => found(net, twice), 'model', ...wanted, "got '2 runs'");
  });

  it('refuses one tensor for two inputs, whose gradients would be one', async () => {
    const [, siamese] = nets.find(([name]) => name.startsWith('a siamese net: '))!;
    const [, apart] = nets.find(([name]) => name.startsWith('a shared input and'))!;
    for (const make of [siamese, apart]) {
      const net = seeded(make());
      const wanted = ['a tensor of its own for each of 2 input(s)', '1 tensor(s)'];
      await expectRefusal(() => found(net, running(net, [a, a])), 'model', ...wanted);
    }
  });

  it('refuses a part of a net that ran apart from the rest', async () => {
    const net = denseNet({units: [5, 4]});
    const apart = () => {
      const [first, ...rest] = net.layers;
      const h = first.apply(a) as tf.Tensor;
      rest.reduce((t, layer) => layer.apply(t) as tf.Tensor, tf.neg(h));
    };
    await expectRefusal(() => found(net, apart), 'model', 'to be fed by');
  });
});

describe('matchCalls', () => {
  it('tells the uses of a shared layer apart, in whatever order they ran', () => {
    const [, make] = nets.find(([name]) => name.startsWith('a siamese net of nested'))!;
    const net = seeded(make());
    const fedTo = watched(net, running(net, [a, b]), ({calls}, notes) => {
      const results = matchCalls(calls, findInputs('f', calls, notes), notes);
      expect(results.size).toBe(calls.length);
      const uses = calls.filter(({layer}) => layer.name === 'e1');
      return uses.map(use => {
        const [note] = notes.get(use.layer)!.filter(({result}) => result === results.get(use));
        return [use.inputs[0].layer.name, note.inputs[0]] as const;
      });
    });
    expect(fedTo).toHaveLength(2);
    expect(Object.fromEntries(fedTo).x).toBe(a);
    expect(Object.fromEntries(fedTo).y).toBe(b);
  });

  it('gives the activations at the margin layers by name, the input and the logits among them', () => {
    const net = denseNet();
    const plan = planOf(net, {layers: ['input', 'hidden1', 'output']});
    const logits = tf.zeros<tf.Rank.R2>([2, 3]);
    const activations = watched(net, running(net, [a]), ({calls}, notes) => {
      const results = matchCalls(calls, findInputs('f', calls, notes), notes);
      // The plan's calls are another's here: by the layer they are the same.
      const byPlan = new Map(plan.calls.map((call, i) => [call, results.get(calls[i])!]));
      return activationsAt('f', net, plan, byPlan, logits);
    });
    expect(Object.keys(activations)).toEqual(['input', 'hidden1', 'output']);
    expect(activations.input).toBe(a);
    expect(activations.hidden1.shape).toEqual([2, 5]);
    expect(activations.output).toBe(logits);
    expect(() => activationsAt('f', net, plan, new Map(), logits)).toThrow('to be run on the way');
  });
});

describe('watchLayers', () => {
  it('leaves the layers as they were, also where the net throws', async () => {
    const net = convNet();
    const before = layersSnapshot(net);
    watched(net, running(net, [randomTensor([2, 6, 6, 2], 4)]), () => {});
    expect(layersSnapshot(net)).toEqual(before);
    await errorOf(() => watched(net, running(net, [a]), () => {}));
    expect(layersSnapshot(net)).toEqual(before);
  });

  it('lets a net compute what it computes', () => {
    for (const [, make, xs] of nets) {
      const net = seeded(make());
      const expected = (running(net, xs)() as tf.Tensor).dataSync();
      let got: unknown;
      watched(
        net,
        () => (got = (running(net, xs)() as tf.Tensor).dataSync()),
        () => {},
      );
      expect(got).toEqual(expected);
    }
  });

  it('hands out a copy where a layer returns what it was given, so that both can be told apart', () => {
    class Same extends layers.Layer {
      static className = 'LayerNotesSame';
      override call(inputs: tf.Tensor | tf.Tensor[]) {
        return inputs;
      }
    }
    const x = at('x');
    const net = model({inputs: x, outputs: scores(apply(new Same({name: 'same'}), x))});
    const made = watched(net, running(net, [a]), ({calls}, notes) => {
      const results = matchCalls(calls, findInputs('f', calls, notes), notes);
      return results.get(calls.find(({layer}) => layer.name === 'same')!);
    });
    expect(made).not.toBe(a);
  });
});
