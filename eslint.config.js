import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const node = [
  'console',
  'process',
  'URL',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'performance',
];
const page = [
  'tf',
  'largeMargin',
  'describe',
  'it',
  'expect',
  'beforeAll',
  'beforeEach',
  'afterAll',
  'afterEach',
];
const globals = names => Object.fromEntries(names.map(name => [name, 'readonly']));

export default [
  {ignores: ['dist/', 'build/', 'out/', 'coverage/']},
  {linterOptions: {reportUnusedDisableDirectives: 'error'}},
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      eqeqeq: ['error', 'always', {null: 'ignore'}],
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      // An underscore says that a parameter is there for its place only.
      '@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_', varsIgnorePattern: '^_'}],
      '@typescript-eslint/consistent-type-imports': ['error', {fixStyle: 'inline-type-imports'}],
    },
  },
  // AssemblyScript: == compares, and an import may be of a class without being a type.
  {
    files: ['plugin/kernels/wasm/assembly/*.ts'],
    rules: {eqeqeq: 'off', '@typescript-eslint/consistent-type-imports': 'off'},
  },
  // TypeScript itself knows which names there are.
  {files: ['**/*.ts'], rules: {'no-undef': 'off'}},
  {files: ['**/*.mjs', '*.js'], languageOptions: {globals: globals(node)}},
  {
    files: ['**/*.cjs'],
    languageOptions: {sourceType: 'commonjs', globals: globals([...node, 'require', 'module'])},
    rules: {'@typescript-eslint/no-require-imports': 'off'},
  },
  {
    files: ['test/browser/**/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: globals([...page, 'console', 'location', 'URL', 'Blob', 'Worker']),
    },
  },
  {
    files: ['test/browser/bundled/*.js'],
    languageOptions: {sourceType: 'module', globals: globals(['fetch', 'window'])},
  },
];
