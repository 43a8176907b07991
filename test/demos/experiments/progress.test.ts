import {Writable} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {trainingProgress} from '../../../demos/experiments/progress.js';

/** A stream that keeps what is written; as a terminal it says its width. */
function recordingStream(terminal?: {columns: number}) {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return {stream: Object.assign(stream, terminal && {isTTY: true, ...terminal}), written: () => text};
}

/** A clock that is moved by hand. */
function handClock() {
  let time = 0;
  return {now: () => time, pass: (seconds: number) => (time += seconds * 1000)};
}

const ESCAPE = '\u001b';
const setUp = {title: 'large margin', epochs: 2, stepsPerEpoch: 4};

describe('trainingProgress elsewhere than on a terminal', () => {
  function run(secondsPerStep: number): string {
    const {stream, written} = recordingStream();
    const {now, pass} = handClock();
    const progress = trainingProgress({...setUp, stream, now});
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let step = 1; step <= 4; step++) {
        pass(secondsPerStep);
        progress.update(epoch, step, {crossEntropy: 0.5, margin: undefined});
      }
      progress.epochEnd(epoch, {validationAccuracy: 0.964});
    }
    progress.stop();
    progress.stop();
    progress.update(0, 1, {crossEntropy: 1});
    progress.epochEnd(1, {});
    return written();
  }

  it('prints one line an epoch when epochs are short', () => {
    expect(run(1)).toBe(
      'large margin  epoch 1/2  done  validation accuracy 96.4 %  4.0 s\n' +
        'large margin  epoch 2/2  done  validation accuracy 96.4 %  8.0 s\n',
    );
  });

  it('prints a line about each 10 seconds within a long epoch', () => {
    const lines = run(6).trimEnd().split('\n');
    // At 12 s and 24 s, and at the end of the epoch, which is at 24 s too.
    expect(lines.slice(0, 3)).toEqual([
      'large margin  epoch 1/2  step 2/4  cross entropy 0.500  12 s',
      'large margin  epoch 1/2  step 4/4  cross entropy 0.500  24 s',
      'large margin  epoch 1/2  done  validation accuracy 96.4 %  24 s',
    ]);
    expect(lines.length).toBe(6);
  });

  it('prints no control characters', () => {
    expect(run(6)).toMatch(/^[\x20-\x7e\n]+$/);
  });
});

describe('trainingProgress on a terminal', () => {
  function run(columns: number): string {
    const {stream, written} = recordingStream({columns});
    const {now, pass} = handClock();
    const progress = trainingProgress({...setUp, stream, now});
    for (let step = 1; step <= 4; step++) {
      pass(3);
      progress.update(0, step, {crossEntropy: 0.5});
    }
    progress.epochEnd(0, {validationAccuracy: 0.964});
    pass(3);
    progress.update(1, 1, {crossEntropy: 0.4});
    progress.stop();
    progress.stop();
    progress.update(1, 2, {});
    return written();
  }

  it('leaves a full bar with the values of the epoch', () => {
    expect(run(120)).toMatch(/epoch 1\/2 {2}█{24} 4\/4 {2}12 s {2}validation accuracy 96\.4 %/);
  });

  it('shows where it was stopped, and ends the line', () => {
    const text = run(120);
    expect(text).toContain('epoch 2/2');
    expect(text.endsWith('\n')).toBe(true);
  });

  it('never hides the cursor nor switches line wrap off, so that an interrupt leaves nothing behind', () => {
    expect(run(120)).not.toContain(`${ESCAPE}[?`);
  });

  it('keeps within a narrow window', () => {
    // eslint-disable-next-line no-control-regex
    const drawn = run(40).split(/\u001b(?:[78]|\[[0-9;]*[A-Za-z])|\n/);
    expect(Math.max(...drawn.map(({length}) => length))).toBeLessThan(40);
  });
});
