// A page that trains in a Web Worker, so that it stays responsive: the same bundles by importScripts.
describe('training in a Web Worker', () => {
  const LAYERS = ['input', 'hidden'];
  const DOORS = ['model', 'optimizer', 'layer'];

  /** Trains one net through a door; runs in the page and, as text, in the worker. */
  async function train(
    tf,
    {LargeMarginModel, LargeMarginOptimizer, marginLoss, marginRegularizer},
    door,
    LAYERS,
  ) {
    await tf.ready();
    const values = n => Array.from({length: n}, (_, i) => Math.sin(1 + 3 * i));
    const mark = (x, name) => (door === 'layer' ? marginRegularizer({name}).apply(x) : x);
    const input = tf.input({shape: [3]});
    const hidden = tf.layers
      .dense({units: 4, activation: 'relu', name: 'hidden'})
      .apply(mark(input, 'at_input'));
    const scores = tf.layers.dense({units: 2, activation: 'softmax', name: 'scores'});
    const net = tf.model({inputs: input, outputs: scores.apply(mark(hidden, 'at_hidden'))});
    net.setWeights(net.weights.map(({shape}) => tf.tensor(values(tf.util.sizeFromShape(shape)), shape)));
    const options = {gamma: 0.5, layers: LAYERS};
    const [x, y] = [tf.tensor(values(24), [8, 3]), tf.oneHot([0, 1, 0, 1, 1, 0, 0, 1], 2).toFloat()];
    const model = door === 'model' ? new LargeMarginModel(net, options) : net;
    const optimizer =
      door === 'optimizer' ? new LargeMarginOptimizer('sgd', {...options, model}) : tf.train.sgd(0.01);
    const loss = door === 'layer' ? marginLoss(net, {gamma: 0.5}) : 'categoricalCrossentropy';
    model.compile({optimizer, loss});
    const {history} = await model.fit(x, y, {epochs: 3, batchSize: 8, shuffle: false, verbose: 0});
    return {backend: tf.getBackend(), losses: history.loss};
  }

  function inWorker(door) {
    const base = `${location.origin}/base/`;
    const scripts = ['node_modules/@tensorflow/tfjs/dist/tf.min.js', 'dist/large-margin.umd.js'];
    const run = `(${train})(tf, largeMargin, '${door}', ${JSON.stringify(LAYERS)})`;
    const text = `
      importScripts(${scripts.map(script => `'${base}${script}'`)});
      ${run}.then(result => postMessage(result), error => postMessage({error: String(error)}));`;
    const url = URL.createObjectURL(new Blob([text], {type: 'text/javascript'}));
    const worker = new Worker(url);
    return new Promise((resolve, reject) => {
      worker.onmessage = ({data}) => (data.error ? reject(new Error(data.error)) : resolve(data));
      worker.onerror = ({message}) => reject(new Error(message));
    }).finally(() => {
      worker.terminate();
      URL.revokeObjectURL(url);
    });
  }

  for (const door of DOORS) {
    it(`goes as in the page through the door ${door}`, async () => {
      const there = await inWorker(door);
      const here = await train(tf, largeMargin, door, LAYERS);
      expect([there.backend, here.backend]).toEqual(['webgl', 'webgl']);
      expect(there.losses.length).toBe(3);
      expect(there.losses[2]).toBeLessThan(there.losses[0]);
      there.losses.forEach((loss, i) => expect(Math.abs(loss - here.losses[i])).toBeLessThan(1e-4));
    });
  }
});
