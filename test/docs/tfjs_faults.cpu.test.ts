import {testFaults} from './suite.js';

testFaults('cpu');
