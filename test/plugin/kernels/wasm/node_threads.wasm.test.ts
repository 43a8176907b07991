import {availableParallelism} from 'node:os';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {nodeThreads, startNodeThreads} from '../../../../plugin/kernels/wasm/node_threads.js';

describe('threads of Node', () => {
  afterEach(() => vi.unstubAllGlobals());

  const here = new WebAssembly.Memory({initial: 1});
  const empty = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));

  /** A machine on which so many run at a time. */
  const stubCores = (cores: number) => {
    const {getBuiltinModule} = process;
    const stub = {availableParallelism: () => cores};
    vi.stubGlobal('process', {
      getBuiltinModule: (name: string) => (name === 'node:os' ? stub : getBuiltinModule(name)),
    });
  };

  it('are as many as Node says, and none where Node is not', () => {
    expect(nodeThreads()).toBe(availableParallelism());
    vi.stubGlobal('process', undefined);
    expect(nodeThreads()).toBe(1);
    const onFailure = vi.fn();
    expect(startNodeThreads({own: {}, onFailure}, 2, here, () => empty)).toBeNull();
    expect(onFailure).not.toHaveBeenCalled();
  });

  it('are as many as are asked for, on a shared memory, and copy', () => {
    stubCores(2);
    const compileFor = vi.fn((memory: WebAssembly.Memory) => {
      expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
      return empty;
    });
    const start = (asked: number) =>
      startNodeThreads({own: {}, onFailure: () => {}}, asked, here, compileFor);
    expect(start(3)).toMatchObject({most: 3, copies: true});
    expect(start(0)).toMatchObject({most: 2});
    stubCores(64);
    expect(start(0)).toMatchObject({most: 4});
    expect(start(1)).toBeNull();
    expect(compileFor).toHaveBeenCalledTimes(3);
  });

  it('are none, with the reason, where there is no room for them', () => {
    stubCores(2);
    const reasons: string[] = [];
    const onFailure = (reason: string) => void reasons.push(reason);
    const refuse = () => {
      throw new RangeError('no room');
    };
    expect(startNodeThreads({own: {}, onFailure}, 2, here, refuse)).toBeNull();
    expect(reasons).toEqual(['no room']);
  });
});
