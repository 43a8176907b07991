import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {endedWell, packedProject, projectWith, PURE_TFJS} from './packed.mjs';

const project = await packedProject();
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const blocksOf = kind =>
  [...readme.matchAll(new RegExp('```js ' + kind + '\\n([\\s\\S]*?)```', 'g'))].map(match => match[1]);
const blocks = blocksOf('tutorial');
const program = `${blocks.join('\n')}
console.log(JSON.stringify({
  backend: tf.getBackend(),
  again: again.constructor.name,
  keys: Object.keys(history.history),
  accuracy: history.history.acc.at(-1),
  same: tf.max(tf.abs(tf.sub(again.predict(x), base.predict(x)))).dataSync()[0],
}));`;

for (const [engine, tfjs] of [
  ['cpu', '@tensorflow/tfjs'],
  ['tensorflow', '@tensorflow/tfjs-node'],
]) {
  test(`the README's tutorial runs in a user's folder with ${tfjs}`, () => {
    assert.equal(blocks.length, 6);
    const text = program.replace("'@tensorflow/tfjs'", `'${tfjs}'`);
    const {stdout, last} = endedWell(project, `tutorial_${engine}.mjs`, text);
    const found = JSON.parse(last);
    assert.equal(found.backend, engine);
    assert.equal(found.again, 'LargeMarginModel');
    assert.deepEqual(found.keys.slice(0, 5).sort(), [
      'acc',
      'crossEntropy',
      'loss',
      'margin',
      'margin_input',
    ]);
    assert.ok(found.accuracy >= 0.9, `accuracy ${found.accuracy}`);
    // After the last training step of the tutorial the two are one step apart.
    assert.ok(found.same < 0.1, `difference ${found.same}`);
    assert.match(stdout, /-0\.726/);
    assert.match(stdout, /Margin layer +Shape +Norm +Gamma +Weight/);
  });
}

/** The data of the tutorial, which the recipes go on with. */
const moons = /\/\/ Two moons[\s\S]*?(?=\n\nconst history)/.exec(readme)[0];

const recipes = blocksOf('recipe');

test('the README has a recipe for each door, for long trainings, attacks and evaluations', () => {
  assert.equal(recipes.length, 9);
  const doors = ['marginLoss', 'LargeMarginOptimizer', 'observe', 'resumableFit', 'suggestGamma'];
  const evaluations = ['apgd', 'robustnessReport', 'adversarialDataset', 'suspectLabels'];
  for (const name of [...doors, ...evaluations]) {
    assert.ok(
      recipes.some(recipe => recipe.includes(name)),
      name,
    );
  }
});

recipes.forEach((recipe, i) => {
  test(`recipe ${i + 1} of the README runs in a user's folder, and says nothing on stderr`, () => {
    const text = `import * as tf from '@tensorflow/tfjs-node';\n${moons}\n${recipe}\nconsole.log(tf.getBackend());`;
    const {stderr, last} = endedWell(project, `recipe_${i}.mjs`, text);
    assert.equal(last, 'tensorflow');
    assert.doesNotMatch(stderr, /marginRegularizer|LargeMargin/);
  });
});

test('the recipe for wasm runs where there is no tfjs-node, on kernels that are all fast', () => {
  const [recipe, ...others] = blocksOf('wasm');
  assert.deepEqual(others, []);
  const text = `${recipe}
const slow = wasmKernelReport().filter(({runsOn}) => runsOn === 'operations');
console.log(JSON.stringify([tf.getBackend(), slow]));`;
  const {last} = endedWell(projectWith(project, PURE_TFJS), 'recipe_wasm.mjs', text);
  assert.equal(last, '["wasm",[]]');
});
