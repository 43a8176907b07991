/** Runs before each test file of an engine's project: no test can find itself on another backend. */
import {startEngine} from './engine.js';

await startEngine();
