import {atLeast} from './machine.mjs';
import {SetupError} from './setup_error.mjs';
import {recipe} from './recipe.mjs';

const OTHER_ENGINES = 'train on wasm, which needs no addon (npm install @tensorflow/tfjs-backend-wasm)';

/** Throws the first reason why the engine cannot be built on `machine`, worst first. */
export function checkMachine(machine) {
  if (machine.platform !== 'linux' || machine.arch !== 'x64' || !machine.glibc) {
    const found = `${machine.platform} ${machine.arch}${machine.glibc ? '' : ' with musl'}`;
    throw new SetupError(
      `The native engine can be set up on Linux x86-64 with glibc only, and this is ${found}: ` +
        `run \`npm rebuild --ignore-scripts=false @tensorflow/tfjs-node\` to try the makers' own download, or ${OTHER_ENGINES}.`,
    );
  }
  if (machine.nodeMajor >= 23) {
    throw new SetupError(
      `tfjs-node ${recipe.tfjsNode} does not run on Node 23 or newer (it calls util.isNullOrUndefined, ` +
        `which is gone) and this is Node ${machine.nodeVersion}: use Node 20 or 22, or ${OTHER_ENGINES}.`,
    );
  }
  if (!machine.python) {
    throw new SetupError(
      'No Python was found: install it with pip (Debian: `apt-get install python3 python3-pip`), ' +
        'or name one in the variable PYTHON.',
    );
  }
  if (!atLeast(machine.python.version, '3.9')) {
    throw new SetupError(
      `Python ${machine.python.version} is too old to build the addon: install 3.9 or newer, ` +
        'or name one in the variable PYTHON.',
    );
  }
  if (!machine.python.pip) {
    throw new SetupError(
      `Python ${machine.python.version} has no pip: install it (Debian: \`apt-get install python3-pip\`), ` +
        'or name a Python that has it in the variable PYTHON.',
    );
  }
  if (!machine.compiler || !machine.make) {
    const missing = [!machine.compiler && 'C++ compiler (g++)', !machine.make && 'make'].filter(Boolean);
    throw new SetupError(
      `No ${missing.join(' and no ')} was found: install the build tools ` +
        '(Debian: `apt-get install build-essential`) and run this again.',
    );
  }
}

// CUDA 12.2 runs on drivers from this one on, by NVIDIA's promise of minor version compatibility.
const OLDEST_DRIVER = '525.60';

/** Throws when the engine for GPUs would find no GPU here: the driver is the one part that no package brings. */
export function checkDriver({nvidiaDriver}) {
  const elsewhere = 'to build it here for another machine (in a container image, say) add --without-driver';
  if (!nvidiaDriver) {
    throw new SetupError(
      "No NVIDIA driver is loaded (/proc/driver/nvidia/version is not there): install the GPU's driver, or " +
        `use the CPU's engine (npm run native without --gpu); ${elsewhere}.`,
    );
  }
  if (!atLeast(nvidiaDriver, OLDEST_DRIVER)) {
    throw new SetupError(
      `The NVIDIA driver ${nvidiaDriver} is too old for CUDA 12.2: install ${OLDEST_DRIVER} or newer; ${elsewhere}.`,
    );
  }
}

/** Throws when the disk under `folder` has less than `needed` bytes left. */
export function checkSpace(folder, needed, free) {
  if (free >= needed) return;
  const gb = bytes => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new SetupError(
    `Not enough disk space in ${folder}: ${gb(needed)} needed, ${gb(free)} free; ` +
      'make room and run this again (the variable LARGE_MARGIN_CACHE moves the download elsewhere).',
  );
}
