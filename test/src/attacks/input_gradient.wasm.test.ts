// The same claims on wasm, whose kernels have faults of their own.
import './input_gradient.test.js';
