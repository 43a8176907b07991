import * as tf from '@tensorflow/tfjs-core';
import {afterAll, expect, it} from 'vitest';
import {noisyDigits, precisions, RANKINGS, trainNoisy, type Training} from './suspect_labels/experiment.js';

const SIZE = 10_000;
const SHARE = 0.1;
const EPOCHS = [2, 5, 20];
const SEEDS = [0, 1];
const TRAININGS: Training[] = ['cross-entropy', 'large margin'];

const data = noisyDigits(SIZE, SHARE, 0);
afterAll(() => tf.dispose([data.x, data.labels]));

it('finds flipped labels among 10,000 digits, by margins and by losses', async () => {
  const flipped = data.planted.filter(Boolean).length;
  const table: Record<string, Record<string, number[]>> = {};
  for (const training of TRAININGS)
    for (const seed of SEEDS)
      await trainNoisy(training, data, EPOCHS, seed + 1, async (net, epochs) => {
        const column = `${training}, ${epochs} epochs`;
        for (const [name, precision] of Object.entries(await precisions(net, data)))
          ((table[name] ??= {})[column] ??= []).push(precision);
        console.log(`seed ${seed}, ${column} done`);
      });
  const columns = TRAININGS.flatMap(training => EPOCHS.map(epochs => `${training}, ${epochs} epochs`));
  const percent = (values: number[]) => {
    const shown = values.map(value => (100 * value).toFixed(1));
    return `${shown.join(' / ')}`;
  };
  console.log(
    [
      `precision at k = ${flipped} flipped of ${SIZE} (%), seeds ${SEEDS.join(' / ')}`,
      ...columns.flatMap(column => [
        column,
        ...Object.keys(RANKINGS).map(name => `  ${name.padEnd(24)} ${percent(table[name][column])}`),
      ]),
    ].join('\n'),
  );
  // A random ranking catches one in ten.
  const mean = (name: string, column: string) => {
    const values = table[name][column];
    return values.reduce((a, b) => a + b) / values.length;
  };
  for (const name of Object.keys(RANKINGS))
    for (const training of TRAININGS) expect(mean(name, `${training}, 5 epochs`)).toBeGreaterThan(0.85);
  // Trained for long, cross-entropy learns the flipped labels by heart; a large margin does not.
  const control = mean('cross-entropy (control)', 'cross-entropy, 20 epochs');
  expect(mean('input l2', 'large margin, 20 epochs')).toBeGreaterThan(control + 0.03);
});
