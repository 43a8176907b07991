import * as tf from '@tensorflow/tfjs-core';
import {BOUND, outcomeOf} from '../../contract/exact_layers/compare.js';
import losses from '../../contract/exact_layers/losses.json' with {type: 'json'};
import {exactCases} from '../../contract/exact_layers/nets.js';
import {cellOf, readTable, saysTheSame} from '../../contract/exact_layers/table.js';

// float32 on a graphics card: the losses of the other engines to 1e-3, and finite differences as wide as theirs.
const ENGINE = 'webgl';
// `npm run exact-layers` writes the page anew; all else compares with it.
const isUpdate = window.__karma__.config.update;

describe('layers in exact mode on webgl', () => {
  const outcomes = {};
  let stored;

  beforeAll(async () => {
    await tf.setBackend(ENGINE);
    stored = readTable(await (await fetch('/base/docs/exact_layers.md')).text());
  });

  beforeEach(() => expect(tf.getBackend()).toBe(ENGINE));

  afterAll(() => console.log(`[report exact_layers] ${JSON.stringify(outcomes)}`));

  for (const exactCase of exactCases) {
    it(exactCase.name, async () => {
      const {name} = exactCase;
      const outcome = await outcomeOf(exactCase);
      outcomes[name] = outcome;
      expect(outcome.left).toBe(0);
      if (outcome.state === 'compared') {
        expect(outcome.error).toBeLessThan(BOUND);
        expect(outcome.trained.every(Number.isFinite)).toBeTrue();
        const loss = losses[name];
        expect(Math.abs(outcome.loss - loss) / loss).toBeLessThan(1e-3);
      } else {
        expect(outcome.isMoved).toBeFalse();
      }
      if (isUpdate) return;
      const cell = stored.get(name)?.[ENGINE] ?? '';
      expect(saysTheSame(cell, cellOf(outcome)))
        .withContext(`stored: ${cell}, found: ${cellOf(outcome)}`)
        .toBeTrue();
    });
  }
});
