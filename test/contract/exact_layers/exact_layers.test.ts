import {testExactLayers} from './suite.js';

testExactLayers('native');
