import {afterEach, describe, expect, it} from 'vitest';
import {addScopedKernels, withKernels} from '../../plugin/kernel_scope.js';

const removals: Array<() => void> = [];
const log: string[] = [];
const add = (name: string) => {
  const remove = addScopedKernels(() => {
    log.push(`${name} on`);
    return () => log.push(`${name} off`);
  });
  removals.push(remove);
  return remove;
};

afterEach(() => {
  removals.splice(0).forEach(remove => remove());
  log.length = 0;
});

describe('scoped kernels', () => {
  it('are in place while the function runs, and are taken away in the opposite order', () => {
    add('a');
    add('b');
    expect(withKernels(() => log.push('run'))).toBe(3);
    expect(log).toEqual(['a on', 'b on', 'run', 'b off', 'a off']);
  });

  it('are put in place once where scopes nest', () => {
    add('a');
    withKernels(() => withKernels(() => log.push('run')));
    expect(log).toEqual(['a on', 'run', 'a off']);
  });

  it('are taken away after a throw, also where an install throws', () => {
    add('a');
    expect(() =>
      withKernels(() => {
        throw new Error('planted');
      }),
    ).toThrow('planted');
    removals.push(
      addScopedKernels(() => {
        throw new Error('no install');
      }),
    );
    expect(() => withKernels(() => log.push('never'))).toThrow('no install');
    expect(log).toEqual(['a on', 'a off', 'a on', 'a off']);
  });

  it('are not used any more once removed', () => {
    add('a')();
    withKernels(() => log.push('run'));
    expect(log).toEqual(['run']);
  });
});
