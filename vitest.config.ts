import {defineConfig} from 'vitest/config';

// A project is one engine and its files. The engine goes to the tests by an environment variable, and every
// file runs in a process of its own: backends and registries of tfjs are global.
const elsewhere = ['test/reference/**', 'test/browser/**', 'test/package/**', 'test/benchmark/**'];
const tools = ['test/architecture.test.ts', 'test/scripts/**/*.test.ts', 'test/benchmark/**/*.test.ts'];
const onCpu = ['test/**/*.cpu.test.ts'];
const onWasm = ['test/**/*.wasm.test.ts'];
const longOnWasm = ['test/**/*.wasm.long.ts'];
const reference = ['test/reference/**/*.test.ts'];

interface Project {
  name: string;
  include: string[];
  exclude?: string[];
  engine?: 'native' | 'cpu' | 'wasm';
  /** With this package's kernels for the engine in every model. */
  tuned?: boolean;
  testTimeout?: number;
}

function project({name, include, exclude = [], engine, tuned, testTimeout = 60_000}: Project) {
  const kernels = tuned ? {LARGE_MARGIN_KERNELS: 'tuned'} : {};
  return {
    test: {
      name,
      include,
      exclude,
      pool: 'forks' as const,
      testTimeout,
      hookTimeout: testTimeout,
      env: engine ? {LARGE_MARGIN_ENGINE: engine, TF_CPP_MIN_LOG_LEVEL: '1', ...kernels} : {},
      setupFiles: engine ? ['test/support/setup_engine.ts'] : [],
    },
  };
}

export default defineConfig({
  test: {
    // One a core: most of a file's time is its start, which keeps no second core busy.
    maxWorkers: '100%',
    projects: [
      project({name: 'tools', include: tools}),
      project({
        name: 'native',
        include: ['test/**/*.test.ts'],
        exclude: [...elsewhere, ...tools, ...onCpu, ...onWasm],
        engine: 'native',
      }),
      project({name: 'cpu', include: onCpu, exclude: elsewhere, engine: 'cpu'}),
      project({name: 'wasm', include: onWasm, exclude: elsewhere, engine: 'wasm'}),
      project({name: 'reference-native', include: reference, engine: 'native'}),
      project({name: 'reference-native-tuned', include: reference, engine: 'native', tuned: true}),
      project({name: 'reference-cpu', include: reference, engine: 'cpu'}),
      project({name: 'reference-wasm', include: reference, engine: 'wasm', tuned: true}),
      project({
        name: 'long',
        include: ['test/**/*.long.ts'],
        exclude: longOnWasm,
        engine: 'native',
        testTimeout: 3_600_000,
      }),
      project({name: 'long-wasm', include: longOnWasm, engine: 'wasm', testTimeout: 3_600_000}),
    ],
  },
});
