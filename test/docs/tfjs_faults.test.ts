import {testFaults} from './suite.js';

testFaults('native');
