import * as tf from '@tensorflow/tfjs-core';
import {loadLayersModel} from '@tensorflow/tfjs-layers';
import {savedCases} from '../../contract/save_handlers/cases.js';
import {numbersIn, roundTrip} from '../../contract/save_handlers/round_trip.js';

/** Saves and loads at one address, where nothing is left. */
const at = address => async (model, config) => {
  await model.save(address, config);
  expect(Object.keys(await tf.io.listModels())).toContain(address);
  const loaded = await loadLayersModel(address);
  await tf.io.removeModel(address);
  return loaded;
};

/** A page cannot read what it gives to the user: the files are caught at the click, and chosen again. */
async function download(model, config) {
  const files = [];
  const click = window.spyOn(window.HTMLAnchorElement.prototype, 'dispatchEvent').and.callFake(function () {
    files.push({name: this.download, blob: fetch(this.href).then(response => response.blob())});
    return true;
  });
  await model.save('downloads://My_Model', config);
  click.and.callThrough();
  expect(files.map(file => file.name)).toEqual(['My_Model.json', 'My_Model.weights.bin']);
  const chosen = files.map(async ({name, blob}) => new window.File([await blob], name));
  return loadLayersModel(tf.io.browserFiles(await Promise.all(chosen)));
}

const handlers = {
  'indexeddb://': at('indexeddb://My_Model/1'),
  'localstorage://': at('localstorage://My_Model/1'),
  'downloads:// and browserFiles': download,
};

describe('a LargeMarginModel in a page', () => {
  beforeAll(() => tf.setBackend('webgl'));
  beforeEach(() => expect(tf.getBackend()).toBe('webgl'));

  for (const [name, handler] of Object.entries(handlers)) {
    for (const saved of savedCases) {
      it(`is the same and goes on the same after ${name}: ${saved.name}`, async () => {
        const {before, after} = await roundTrip(saved, handler);
        expect(numbersIn(before).every(Number.isFinite)).toBeTrue();
        const [{weights, ...same}, {weights: loaded, ...rest}] = [before, after];
        expect(rest).toEqual(same);
        expect(loaded.length).toBe(weights.length);
        const errors = weights.map((weight, i) => Math.abs(weight - loaded[i]));
        expect(Math.max(...errors)).toBeLessThanOrEqual(saved.webglBound ?? 0);
        expect(tf.getBackend()).toBe('webgl');
      });
    }
  }
});
