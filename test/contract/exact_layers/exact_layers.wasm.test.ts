// Without them tfjs trains half of the nets on wasm.
import '../../../plugin/kernels/wasm/index.js';
import {testExactLayers} from './suite.js';

testExactLayers('wasm');
