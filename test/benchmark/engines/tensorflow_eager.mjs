import {pythonEngine} from './python.mjs';

export const engine = pythonEngine({name: 'tensorflow-eager', title: 'Python TF, eager', order: 3});
