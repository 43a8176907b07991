// The bundle trains in a page, on webgl, with exact margins; its numbers are those of the cpu backend in the same page.
describe('a LargeMarginModel in a page', () => {
  const values = count => Float32Array.from({length: count}, (_, i) => Math.sin(i * 1.7) / 2);

  function makeModel(gradient) {
    const base = tf.sequential({
      layers: [
        tf.layers.conv2d({
          inputShape: [6, 6, 2],
          filters: 4,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
        }),
        tf.layers.maxPooling2d({poolSize: 2}),
        tf.layers.conv2d({filters: 5, kernelSize: 3, padding: 'same', activation: 'elu'}),
        tf.layers.flatten(),
        tf.layers.dense({units: 3, activation: 'softmax'}),
      ],
    });
    base.setWeights(base.getWeights().map(w => tf.tensor(values(w.size), w.shape)));
    const model = new largeMargin.LargeMarginModel(base, {gamma: 0.5, norm: 'linf', gradient});
    model.compile({optimizer: tf.train.sgd(0.01), metrics: ['accuracy']});
    return model;
  }

  async function trainOn(backend, gradient) {
    await tf.setBackend(backend);
    expect(tf.getBackend()).toBe(backend);
    const model = makeModel(gradient);
    const x = tf.tensor(values(8 * 72), [8, 6, 6, 2]);
    const y = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], 'int32'), 3);
    const before = tf.memory().numTensors;
    const losses = [];
    for (let step = 0; step < 5; step++) losses.push((await model.trainOnBatch(x, y))[0]);
    expect(tf.memory().numTensors).toBe(before);
    return losses;
  }

  for (const gradient of ['exact', 'firstOrder']) {
    it(`trains the same on webgl as on cpu (${gradient})`, async () => {
      const onWebgl = await trainOn('webgl', gradient);
      const onCpu = await trainOn('cpu', gradient);
      await tf.setBackend('webgl');
      onWebgl.forEach((loss, i) => expect(Math.abs(loss - onCpu[i]) / onCpu[i]).toBeLessThan(1e-4));
      expect(onWebgl[4]).toBeLessThan(onWebgl[0]);
    });
  }
});
