// The same claims on wasm, whose kernels have faults of their own.
import './objectives.test.js';
