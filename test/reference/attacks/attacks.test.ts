import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {engineLabel} from '../../support/engine.js';
import {agreementOf} from './agreement.js';
import {firstPictures} from './mnist.js';
import {logitsOf, netNames, storedNet} from './nets.js';
import {attackAs} from './our_attacks.js';
import {epsilonsOf, logitsApart, norms, countRight, runsOf, type StoredAttack} from './stored_runs.js';

// With its faster kernels the native engine is one more that a few examples have to do for.
const isNative = engineLabel === 'native';
const nets = netNames.flatMap(net => norms.map(norm => ({net, norm})));
const climbing = nets.flatMap(one => (['fgsm', 'ifgsm'] as const).map(attack => ({...one, attack})));

/** How many examples are attacked at the three epsilons. */
const counts = isNative ? [20, 200, 20] : [0, 8, 0];

/** The attacks that draw or search: attacks.long.ts tries them, and FAB, on everything. */
const searching: StoredAttack[] = isNative ? ['pgd', 'apgd-ce', 'apgd-dlr', 'deepfool', 'square'] : [];
const FEW = 20;
/** A minute here is more where other programs compute. */
const PATIENCE = 300_000;

describe(`attacks on ${engineLabel}, beside Python's`, () => {
  it('are made on nets that give the same logits there', () => {
    for (const apart of logitsApart)
      for (const net of netNames) expect(apart[net], net).toBeLessThanOrEqual(1e-4);
  });

  it.each(climbing)(
    '$attack does in $norm to each example of $net what Foolbox does',
    async one => {
      const {net: name, attack, norm} = one;
      const net = await storedNet(name);
      for (const [i, epsilon] of epsilonsOf[norm].entries()) {
        const examples = counts[i];
        if (examples === 0) continue;
        const pictures = firstPictures('t10k', examples);
        const found = await agreementOf(attack, {net: name, norm, epsilon}, logitsOf(net), pictures);
        tf.dispose([pictures.x, pictures.labels]);
        const what = `${attack} on ${name} in ${norm} at ${epsilon} on ${engineLabel}`;
        const {apart, off} = found;
        console.log(`${what}: ${off} of ${examples} cross-entropies off by up to ${apart.toExponential(1)}`);
        expect(found.outcomes, what).toBe(0);
        expect(apart, what).toBeLessThanOrEqual(0.1);
        // Of 784 slopes one may be so near 0, or a pool so near a tie, that rounding turns a pixel round.
        expect(off, what).toBeLessThanOrEqual(3 + 0.02 * examples);
        expect(found.slopeless, what).toBeLessThanOrEqual(Math.max(1, 0.01 * examples));
        expect(found.weaker, what).toBe(0);
        expect(found.pixels, what).toBeLessThanOrEqual(1e-5);
      }
      net.dispose();
    },
    PATIENCE,
  );

  it.each(searching)(
    '%s leaves no more than one example right that Python does not',
    async attack => {
      const {x, labels} = firstPictures('t10k', FEW);
      for (const {net: name, norm} of nets) {
        const net = await storedNet(name);
        const epsilon = epsilonsOf[norm][1];
        const digits = labels.dataSync() as Int32Array;
        const ours = await attackAs(attack, [logitsOf(net), x, digits], norm, [epsilon]);
        const right = countRight(ours.robust[0]);
        const theirs = runsOf(attack, name, norm, epsilon).map(run => countRight(run.robust, FEW));
        console.log(`${attack} on ${name} in ${norm} at ${epsilon}: ${right} of ${FEW}, theirs ${theirs}`);
        expect(right, name).toBeLessThanOrEqual(Math.min(...theirs) + 1);
        net.dispose();
      }
      tf.dispose([x, labels]);
    },
    PATIENCE,
  );
});
