import {describeFinding} from './non_finite_suite.js';

describeFinding();
