#!/usr/bin/env node
/** The command `tfjs-large-margin`: sets up the native engine, or says what is there. */
const HELP = `Usage: tfjs-large-margin <command>

Commands, run in the folder of your project:
  native   make @tensorflow/tfjs-node work where its own download is out of reach;
           --gpu: @tensorflow/tfjs-node-gpu, with CUDA's libraries (2.3 GB to download)
  doctor   print what was found on this machine and which engine will run
  help     print this`;

const COMMANDS = {
  native: async args => (await import('./native/index.mjs')).main(args),
  doctor: async () => (await import('./doctor.mjs')).doctor(),
  help: async () => {
    console.log(HELP);
    return 0;
  },
};
const ALIASES = {'--help': 'help', '-h': 'help'};

const [given = 'help', ...rest] = process.argv.slice(2);
const command = ALIASES[given] ?? given;
// Only `native` has arguments, and refuses wrong ones itself.
const isTooMany = rest.length > 0 && command !== 'native';
if (!Object.hasOwn(COMMANDS, command) || isTooMany) {
  const what =
    rest.length > 0 && Object.hasOwn(COMMANDS, command)
      ? `arguments "${rest.join(' ')}" after "${given}"`
      : `command "${given}"`;
  console.error(`tfjs-large-margin: unknown ${what}; known commands: ${Object.keys(COMMANDS).join(', ')}.`);
  process.exitCode = 2;
} else {
  process.exitCode = await COMMANDS[command](rest);
}
