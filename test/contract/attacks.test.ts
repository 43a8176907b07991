import {testAttacks} from './attacks/suite.js';

testAttacks('tensorflow');
