import {testExactLayers} from './suite.js';

testExactLayers('wasm');
