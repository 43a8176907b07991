import {testExactLayers} from './suite.js';

testExactLayers('cpu');
