import assert from 'node:assert/strict';
import {Buffer} from 'node:buffer';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {basename, extname, join} from 'node:path';
import {test} from 'node:test';
import {findBrowser} from '../../scripts/native/find_program.mjs';
import {packedProject} from './packed.mjs';

const {folder, installed} = await packedProject();
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const [page, ...others] = [...readme.matchAll(/```html page\n([\s\S]*?)```/g)].map(match => match[1]);

// What the page's reader would put beside it.
const sources = ['tfjs', 'tfjs-backend-wasm'].map(name => join(folder, 'node_modules/@tensorflow', name));
const files = new Map(
  [...sources, installed].flatMap(source =>
    readdirSync(join(source, 'dist')).map(name => [name, join(source, 'dist', name)]),
  ),
);
const TYPES = {'.js': 'text/javascript', '.wasm': 'application/wasm'};

/** Serves the page; resolves with what it sends to /result. */
function serve(html) {
  const server = createServer((request, response) => {
    const name = basename(request.url);
    if (request.method === 'POST') {
      const chunks = [];
      request.on('data', chunk => chunks.push(chunk));
      request.on('end', () => server.emit('result', JSON.parse(Buffer.concat(chunks).toString())));
      response.end();
    } else if (request.url === '/') {
      response.writeHead(200, {'Content-Type': 'text/html'}).end(html);
    } else if (files.has(name) && extname(name) in TYPES) {
      response.writeHead(200, {'Content-Type': TYPES[extname(name)]}).end(readFileSync(files.get(name)));
    } else {
      response.writeHead(404).end();
    }
  });
  return server;
}

const browser = findBrowser();
const flags = JSON.parse(readFileSync('scripts/testing/browser_flags.json', 'utf8'));
const skip = browser ? false : 'no browser was found: install chromium or name one in CHROME_BIN';

test("the README's page trains on wasm with the scripts it names", {skip}, async () => {
  assert.deepEqual(others, []);
  // Within the page's own module, which waits for its training.
  const asked = `
  const report = largeMarginWasm.wasmKernelReport();
  const result = {backend: tf.getBackend(), margin: history.margin, slow: report.filter(k => k.runsOn === 'operations')};
  await fetch('/result', {method: 'POST', body: JSON.stringify(result)});
</script>`;
  const onError = `<script>
  const tell = error => fetch('/result', {method: 'POST', body: JSON.stringify({error: String(error)})});
  addEventListener('error', event => tell(event.message));
  addEventListener('unhandledrejection', event => tell(event.reason));
</script>`;
  const server = serve(onError + page.trimEnd().replace(/<\/script>$/, asked));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const profile = mkdtempSync(join(tmpdir(), 'large-margin-browser-'));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const child = spawn(browser, ['--headless', ...flags, `--user-data-dir=${profile}`, url], {
    stdio: 'ignore',
  });
  try {
    const ended = once(child, 'exit').then(([code]) => [{error: `the browser ended with code ${code}`}]);
    const [result] = await Promise.race([once(server, 'result'), ended]);
    assert.equal(result.error, undefined);
    assert.equal(result.backend, 'wasm');
    assert.deepEqual(result.slow, []);
    assert.ok(result.margin.length === 2 && result.margin.every(Number.isFinite), `margin ${result.margin}`);
  } finally {
    if (child.exitCode === null) {
      child.kill();
      await once(child, 'exit');
    }
    server.close();
    server.closeAllConnections();
    rmSync(profile, {recursive: true, force: true, maxRetries: 50, retryDelay: 100});
  }
});
