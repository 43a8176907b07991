import {allCases} from '../../contract/slopes/cases.js';
import {testSlopes} from '../../contract/slopes/suite.js';

testSlopes(allCases);
