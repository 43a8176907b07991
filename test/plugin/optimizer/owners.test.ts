import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {ownersOf} from '../../../plugin/optimizer/owners.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {named} from './stock.js';

describe('the owners of gradients', () => {
  it('are the variables of their names, in their order', () => {
    const [v, w] = [named('owners/v'), named('owners/w', [3])];
    const gradient = tf.ones([3]);
    const owners = expectNoLeak(() => ({
      list: ownersOf('test', [{name: w.name, tensor: gradient}, {name: v.name}]).map(({name}) => name),
    }));
    expect(owners.list).toEqual(['owners/w', 'owners/v']);
    tf.dispose([v, w, gradient]);
  });

  it('must be registered, there once, and of the shape of their gradient', async () => {
    const v = named('owners/v');
    const [fits, other] = [tf.ones([2, 2]), tf.ones([4])];
    const refused = (list: Array<{name: string; tensor?: tf.Tensor}>, part: RegExp) =>
      expectRefusal(() => ownersOf('test', list), 'gradients', part);
    await refused([{name: 'owners/none', tensor: fits}], /registered variables, got 'owners\/none'/);
    await refused([{name: 'toString'}], /got 'toString'/);
    await refused([{name: v.name, tensor: other}], /owners\/v to have shape \[2,2\], got \[4\]/);
    await refused([{name: v.name, tensor: fits}, {name: v.name}], /each name once, got 'owners\/v'/);
    tf.dispose([v, fits, other]);
  });
});
