// What is trained: null is cross-entropy alone, all else is cross-entropy plus this margin. The Python rivals read the
// same objects, so that all options that matter to the sum are written out.
const margin = {
  gamma: 1,
  clip: 4,
  norm: 'l2',
  topK: 1,
  layers: 'all',
  rivals: 'top',
  gradient: 'firstOrder',
};

const rows = [
  {name: 'ce', title: 'cross-entropy', cost: 1, margin: null},
  {name: 'input-k1', title: 'margin at the input, k1', cost: 1.6, margin: {...margin, layers: 'input'}},
  {name: 'all-k1', title: 'all layers, k1', cost: 1.6, margin},
  {name: 'all-k3', title: 'all layers, k3', cost: 2.9, margin: {...margin, topK: 3}},
  {name: 'all-k9', title: 'all layers, k9', cost: 6.5, margin: {...margin, topK: 9}},
  {name: 'exact-k1', title: 'exact, all layers, k1', cost: 2.8, margin: {...margin, gradient: 'exact'}},
  {name: 'random-k1', title: 'random rival, all layers', cost: 1.6, margin: {...margin, rivals: 'random'}},
];

/** By name, in the order of the table; `cost` is a guess in steps of cross-entropy, for the time left. */
export const modes = Object.fromEntries(rows.map(row => [row.name, row]));
