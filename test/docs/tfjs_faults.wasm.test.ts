import {testFaults} from './suite.js';

testFaults('wasm');
