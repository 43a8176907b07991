// The same claims on wasm, whose kernels have faults of their own.
import './balls.test.js';
