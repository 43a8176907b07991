/** The UMD bundle as a page loads it: by script tag after tfjs, in headless Chromium. */
const {mkdirSync, writeFileSync} = require('node:fs');
const {dirname} = require('node:path');

// Karma calls a run of 0 specs a success, so the numbers go to whoever started it.
function CountsReporter() {
  const result = {passed: 0, failed: 0, skippedSpecs: []};
  this.onSpecComplete = (browser, spec) => {
    const name = [...spec.suite, spec.description].join(' ');
    if (spec.skipped || spec.pending) result.skippedSpecs.push(name);
    else if (spec.success) result.passed++;
    else result.failed++;
  };
  // What a spec has to say to the program that started it: a name and an object.
  this.onBrowserLog = (browser, log) => {
    const [, name, text] = /^'?\[report (\w+)\] ([\s\S]*?)'?$/.exec(log) ?? [];
    if (!name) return;
    mkdirSync('build/browser', {recursive: true});
    writeFileSync(`build/browser/${name}.json`, text);
  };
  this.onRunComplete = () => {
    const file = process.env.LARGE_MARGIN_KARMA_RESULT;
    if (!file) return;
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, JSON.stringify(result));
  };
}

// Bundled specs share tables and comparators, in TypeScript, with the tests of the other engines.
function BundlePreprocessor() {
  return async (content, file, done) => {
    try {
      const {bundleSpec} = await import('./scripts/testing/bundle_spec.mjs');
      done(null, await bundleSpec(file.originalPath));
    } catch (error) {
      done(error);
    }
  };
}

// Root in a container has no sandbox, and webgl needs a software renderer where there is no graphics card.
const flags = require('./scripts/testing/browser_flags.json');

module.exports = config =>
  config.set({
    frameworks: ['jasmine'],
    plugins: [
      'karma-jasmine',
      'karma-chrome-launcher',
      {'reporter:counts': ['type', CountsReporter], 'preprocessor:bundle': ['factory', BundlePreprocessor]},
    ],
    preprocessors: {'test/browser/bundled/*.spec.js': ['bundle']},
    reporters: ['dots', 'counts'],
    colors: Boolean(process.stdout.isTTY),
    files: [
      'node_modules/@tensorflow/tfjs/dist/tf.min.js',
      'node_modules/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js',
      'dist/large-margin.umd.js',
      'test/browser/*.spec.js',
      'test/browser/bundled/*.spec.js',
      {pattern: 'docs/*.md', included: false},
      {pattern: 'dist/*.map', included: false},
      {pattern: 'node_modules/@tensorflow/tfjs-backend-wasm/dist/*.{wasm,map}', included: false},
    ],
    // What makes a page cross-origin isolated, where memory may be shared between threads.
    customHeaders: [
      {match: '.*', name: 'Cross-Origin-Opener-Policy', value: 'same-origin'},
      {match: '.*', name: 'Cross-Origin-Embedder-Policy', value: 'require-corp'},
    ],
    browsers: ['Headless'],
    customLaunchers: {Headless: {base: 'ChromeHeadless', flags}},
    singleRun: true,
    failOnEmptyTestSuite: true,
    // A spec may keep the page busy for long on webgl by software: it cannot answer meanwhile.
    browserNoActivityTimeout: 300_000,
    pingTimeout: 300_000,
    client: {
      update: Boolean(process.env.LARGE_MARGIN_UPDATE),
      jasmine: {random: false, timeoutInterval: 120_000},
    },
  });
