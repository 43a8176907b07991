import {constants} from 'node:os';
import {TextEncoder} from 'node:util';

/** The operations after which a process finds another disk than before; what syncs change, a power failure shows. */
export const CHANGING = new Set([
  ...['makeFolders', 'makeFolder', 'create', 'write'],
  ...['rename', 'removeFile', 'removeFolder'],
]);

/**
 * The file system given, each of whose operations goes through `around(operation, run)`.
 *
 * @param fileSystem A FileSystem of plugin/node/checkpoints.
 * @param around Runs the operation, or does something else before, after or instead.
 * @param most So many bytes a single write takes at most.
 */
export function watched(fileSystem, around, most = Infinity) {
  const pass =
    name =>
    (...given) =>
      around(name, () => fileSystem[name](...given));
  const passFile = name => async path => {
    const file = await around(name, () => fileSystem[name](path));
    return {
      size: () => around('size', () => file.size()),
      read: into => around('read', () => file.read(into)),
      write: bytes => around('write', () => file.write(bytes.subarray(0, most))),
      sync: () => around('sync', () => file.sync()),
      close: () => around('close', () => file.close()),
    };
  };
  return {
    makeFolders: pass('makeFolders'),
    makeFolder: pass('makeFolder'),
    list: pass('list'),
    create: passFile('create'),
    open: passFile('open'),
    syncFolder: pass('syncFolder'),
    rename: pass('rename'),
    removeFile: pass('removeFile'),
    removeFolder: pass('removeFolder'),
  };
}

/** What the operating system would throw. */
export function systemError(code, operation) {
  return Object.assign(new Error(`${code}: planted, ${operation}`), {code, errno: -constants.errno[code]});
}

/** Three files that no other label has, not one byte of them in the same place; one is empty for even labels. */
export function filesOf(label) {
  const filled = (name, length) =>
    Uint8Array.from({length}, (_, i) => (label * 37 + name.length * 11 + i * 7) % 256);
  return {
    'weights.bin': filled('weights.bin', 200),
    'optimizer.bin': filled('optimizer.bin', label % 2 ? 200 : 0),
    'state.json': new TextEncoder().encode(JSON.stringify({label, epoch: label * 2})),
  };
}
