import {pythonEngine} from './python.mjs';

export const engine = pythonEngine({name: 'jax-jit', title: 'JAX, jit', order: 5});
