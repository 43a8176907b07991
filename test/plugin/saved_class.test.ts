import {serialization} from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {checkOwnClass, checkVersion, CONFIG_VERSION, registerOwnClass} from '../../plugin/saved_class.js';
import {expectRefusal} from '../support/expect_no_leak.js';

class Ours extends layers.Layer {
  static className = 'SavedClassOurs';
}

/** Somebody else's class of the same name. */
class Theirs extends layers.Layer {
  static className = 'SavedClassOurs';
}

const {classNameMap} = serialization.SerializationMap.getMap();
const register = (cls: typeof Ours) => serialization.registerClass(cls as never, 'tfjs-large-margin');
const registered = () => classNameMap['SavedClassOurs']?.[0];

afterEach(() => {
  delete classNameMap['SavedClassOurs'];
  vi.restoreAllMocks();
});

describe('registerOwnClass', () => {
  it('registers under a free name without a word, and once more the same class', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    for (let i = 0; i < 2; i++) {
      registerOwnClass(Ours, () => register(Ours));
      expect(registered()).toBe(Ours);
    }
    expect(warn).not.toHaveBeenCalled();
  });

  it('takes the place of another class of that name, and says so in one sentence', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    register(Theirs);
    registerOwnClass(Ours, () => register(Ours));
    expect(registered()).toBe(Ours);
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0][0]).toMatch(
      /^tfjs-large-margin: the class name SavedClassOurs was registered already.*second copy.*this copy$/,
    );
  });
});

describe('checkOwnClass', () => {
  it('lets save what a file would give back', () => {
    checkOwnClass(Ours);
    register(Ours);
    checkOwnClass(Ours);
  });

  it('refuses to save where the name has become that of another class', async () => {
    register(Ours);
    register(Theirs);
    const parts = [
      'save: expected the class name SavedClassOurs',
      'another class',
      'one copy',
      'another name',
    ];
    await expectRefusal(() => checkOwnClass(Ours), 'the class name SavedClassOurs', ...parts);
    register(Ours);
    checkOwnClass(Ours);
  });

  it('takes a name that every object has for free', () => {
    class Odd extends layers.Layer {
      static className = 'toString';
    }
    checkOwnClass(Odd);
  });
});

describe('checkVersion', () => {
  it('takes this version, those before it, and none', () => {
    expect(CONFIG_VERSION).toBe(1);
    for (const version of [1, undefined]) checkVersion(Ours, version);
  });

  it.each([2, 1.5, '1', null, NaN])('refuses %s', async version => {
    const parts = ['SavedClassOurs', 'at most 1', 'update tfjs-large-margin'];
    await expectRefusal(() => checkVersion(Ours, version), 'the version', ...parts);
  });
});
