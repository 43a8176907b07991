import {train} from '@tensorflow/tfjs-core';
import {LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {internalsOf, trainedModel} from '../../plugin/model_internals.js';
import {denseNet} from '../support/tiny_models.js';

describe('trainedModel', () => {
  it('is the functional model in a Sequential one, where tfjs keeps what it compiled', () => {
    const model = denseNet();
    model.compile({optimizer: train.sgd(0.1), loss: 'meanSquaredError'});
    const trained = trainedModel(model);
    expect(trained).toBeInstanceOf(LayersModel);
    expect(trained).not.toBe(model);
    expect(internalsOf(trained).lossFunctions).toHaveLength(1);
    expect(trainedModel(trained)).toBe(trained);
  });
});
