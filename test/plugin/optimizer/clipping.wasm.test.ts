import {describeClipping} from './clipping_suite.js';

describeClipping();
