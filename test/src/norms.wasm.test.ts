import './norms.test.js';
