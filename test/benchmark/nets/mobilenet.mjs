import {existsSync, readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {Buffer} from 'node:buffer';

const FOLDER = resolve(process.env.LARGE_MARGIN_DATA ?? '../shared/data');
const FILE = join(FOLDER, 'mobilenet_v1_025_224/layers/model.json');
const LAST = 'conv_pw_13_relu';

/** MobileNet v1 0.25 with ImageNet's weights and a new head, trained end to end; batch norm takes the batch's averages. */
export const net = {
  name: 'mobilenet',
  title: 'MobileNet 0.25, 224 x 224',
  guessMs: 15,
  inputShape: [224, 224, 3],
  marginLayers: ['input', 'conv_pw_5_relu'],
  unavailable: () => (existsSync(FILE) ? null : `there is no ${FILE}: name its folder in LARGE_MARGIN_DATA`),
  build: async (tf, {classes, seed}) => {
    const base = await tf.loadLayersModel(tf.io.fromMemory(readModel()));
    // Without the dropout in front of the old head: it would draw other numbers on each engine.
    const features = base.getLayer(LAST).output;
    const pooled = tf.layers.globalAveragePooling2d({name: 'pooled'}).apply(features);
    const kernelInitializer = tf.initializers.heNormal({seed: 100 * seed});
    const logits = tf.layers.dense({units: classes, kernelInitializer, name: 'head'}).apply(pooled);
    return tf.model({inputs: base.inputs, outputs: logits});
  },
};

/** The files as tfjs wants them in memory: wasm has no loader of files. */
function readModel() {
  const {modelTopology, weightsManifest} = JSON.parse(readFileSync(FILE, 'utf8'));
  const paths = weightsManifest.flatMap(group => group.paths);
  const bytes = Buffer.concat(paths.map(path => readFileSync(join(dirname(FILE), path))));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return {modelTopology, weightSpecs: weightsManifest.flatMap(group => group.weights), weightData};
}
