import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import {beforeAll, describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../../plugin/large_margin_model.js';
import {suggestGamma} from '../../../plugin/suggest_gamma.js';
import {dataFolder, hasData} from '../../support/data.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

const PICTURES = 32;
const LAYERS = ['input', 'conv_pw_5_relu', 'conv_pw_13_relu'];

describe.skipIf(!hasData)('suggestGamma on a real pretrained MobileNet', () => {
  let base: tf.LayersModel;
  let x: tf.Tensor;
  let labels: tf.Tensor1D;

  beforeAll(async () => {
    base = await tf.loadLayersModel(`file://${join(dataFolder, 'mobilenet_v1_025_224/layers/model.json')}`);
    const folder = join(dataFolder, 'imagenet224');
    const names = readdirSync(folder).filter(name => name.endsWith('.jpg'));
    const files = names.slice(0, PICTURES);
    const read = (name: string) => tf.node.decodeJpeg(readFileSync(join(folder, name)), 3);
    x = tf.tidy(() => tf.stack(files.map(name => tf.sub(tf.div(read(name), 127.5), 1))));
    labels = tf.tensor1d(
      files.map(name => Number(name.slice(0, 4))),
      'int32',
    );
  });

  it.each(['l2', 'linf'] as const)('gives in %s what its right pictures have, layer by layer', norm => {
    const suggested = expectNoLeak(() => suggestGamma(base, x, labels, {layers: LAYERS, norm}));
    console.log(
      suggested.map(({name, gamma}) => `${norm} ${name}: gamma ${gamma.toPrecision(3)}`).join('\n'),
    );
    const model = new LargeMarginModel(base, {layers: suggested, gradient: 'firstOrder'});
    const distances = expectNoLeak(() => model.distances(x, labels));
    for (const {name, gamma} of suggested) {
      const right = Array.from(distances[name].dataSync()).filter(d => d > 0);
      const reached = right.filter(d => d <= gamma * (1 + 1e-5)).length;
      expect(reached, name).toBe(Math.ceil(0.75 * right.length));
    }
    tf.dispose(distances);
  });

  it('gives smaller gammas in linf than in l2: of 224 x 224 x 3 pixels each moves a little', () => {
    const [l2, linf] = (['l2', 'linf'] as const).map(
      norm => suggestGamma(base, x, labels, {layers: 'input', norm})[0].gamma,
    );
    // ||x||_linf <= ||x||_2 <= sqrt(n) ||x||_linf, and so are distances to the same (linear) boundary.
    expect(linf).toBeLessThan(l2);
    expect(l2).toBeLessThan(linf * Math.sqrt(224 * 224 * 3));
  });
});
