import './signs.test.js';
