#!/usr/bin/env node
/** The command `tfjs-large-margin`: sets up the native engine, or says what is there. */
const HELP = `Usage: tfjs-large-margin <command>

Commands, run in the folder of your project:
  native   make @tensorflow/tfjs-node work where its own download is out of reach
  doctor   print what was found on this machine and which engine will run
  help     print this`;

const COMMANDS = {
  native: async () => (await import('./native/index.mjs')).main(),
  doctor: async () => (await import('./doctor.mjs')).doctor(),
  help: async () => {
    console.log(HELP);
    return 0;
  },
};
const ALIASES = {'--help': 'help', '-h': 'help'};

const [given = 'help', ...rest] = process.argv.slice(2);
const command = ALIASES[given] ?? given;
if (!Object.hasOwn(COMMANDS, command) || rest.length > 0) {
  const what = rest.length > 0 ? `arguments "${rest.join(' ')}" after "${given}"` : `command "${given}"`;
  console.error(`tfjs-large-margin: unknown ${what}; known commands: ${Object.keys(COMMANDS).join(', ')}.`);
  process.exitCode = 2;
} else {
  process.exitCode = await COMMANDS[command]();
}
