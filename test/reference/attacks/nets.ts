import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {io, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {initializers, layers, loadLayersModel, sequential, type LayersModel} from '@tensorflow/tfjs-layers';

/** The nets that all sides attack: the same layers, trained with cross-entropy or with large margins. */
export const netNames = ['cross_entropy', 'large_margin'] as const;
export type NetName = (typeof netNames)[number];

/** How many of MNIST's first test pictures are attacked. */
export const EXAMPLES = 1000;

const folder = fileURLToPath(new URL('.', import.meta.url));

/** The paper's MNIST net with half its filters and a sixteenth of its dense units: 28 x 28 pixels in, 10 logits out. */
export function untrainedNet(name: NetName): LayersModel {
  let seed = 0;
  const weights = () => ({kernelInitializer: initializers.heNormal({seed: ++seed})});
  const conv = (of: string, filters: number, rest: object = {}) =>
    layers.conv2d({
      ...{filters, kernelSize: 5, padding: 'same', activation: 'relu', name: of},
      ...weights(),
      ...rest,
    });
  return sequential({
    name,
    layers: [
      conv('conv1', 16, {inputShape: [28, 28, 1]}),
      layers.maxPooling2d({poolSize: 2, name: 'pool1'}),
      conv('conv2', 32),
      layers.maxPooling2d({poolSize: 2, name: 'pool2'}),
      layers.flatten({name: 'flat'}),
      layers.dense({units: 32, activation: 'relu', name: 'dense', ...weights()}),
      layers.dense({units: 10, name: 'logits', ...weights()}),
    ],
  });
}

/** The stored net. */
export async function storedNet(name: NetName): Promise<LayersModel> {
  const json = JSON.parse(readFileSync(`${folder}${name}/model.json`, 'utf8')) as io.ModelJSON;
  const {weightsManifest, ...rest} = json;
  const weightData = new Uint8Array(readFileSync(`${folder}${name}/weights.bin`)).buffer;
  const artifacts = {...rest, weightSpecs: weightsManifest[0].weights, weightData} as unknown;
  return loadLayersModel(io.fromMemory(artifacts as io.ModelArtifacts));
}

/** The logits of the first test pictures as the native engine gave them, [EXAMPLES, 10]. */
export function storedLogits(name: NetName): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(`${folder}${name}/logits.bin`)).buffer);
}

export type Logits = (x: Tensor) => Tensor2D;

/** A net as the function that attacks take. */
export function logitsOf(net: LayersModel): Logits {
  return x => net.apply(x, {training: false}) as Tensor2D;
}
