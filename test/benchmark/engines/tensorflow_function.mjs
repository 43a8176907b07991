import {pythonEngine} from './python.mjs';

/** The one that ratios are given to. */
export const engine = pythonEngine({name: 'tensorflow-function', title: 'Python TF, tf.function', order: 4});
