import {SingleBar} from 'cli-progress';
import type {ProgressArgs, TrainingProgress, Values} from '../progress.js';
import {duration} from '../wording.js';
import {describeValues} from './line.js';

const BAR = 24;

/** Progress on a terminal: one bar for each epoch; a finished one stays as a line with the values of its epoch. */
export function liveBar({
  title,
  epochs,
  stepsPerEpoch,
  stream,
  now,
}: Required<ProgressArgs>): TrainingProgress {
  let bar: SingleBar | undefined;
  let start = now();
  let isStopped = false;

  const lineOf = (epoch: number, step: number, values: Values) => {
    const passed = (now() - start) / 1000;
    const filled = Math.round((step / stepsPerEpoch) * BAR);
    const isDone = step >= stepsPerEpoch;
    const time = isDone
      ? duration(passed)
      : step > 0
        ? `${duration((passed / step) * (stepsPerEpoch - step))} left`
        : '';
    const parts = [
      `${title}  epoch ${epoch + 1}/${epochs}`,
      `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${step}/${stepsPerEpoch}`,
      time,
      describeValues(values),
    ];
    return parts.filter(Boolean).join('  ');
  };
  const open = () => {
    // No cursor hidden, no line wrap switched off: an interrupted program owes the terminal nothing.
    const opened = new SingleBar({
      ...{stream, hideCursor: false, linewrap: true, fps: 5, barsize: BAR},
      format: (_options, {maxWidth}: {maxWidth?: number}, payload: {line?: string}) =>
        (payload.line ?? '').slice(0, Math.max(10, (maxWidth ?? 80) - 1)),
    });
    opened.start(stepsPerEpoch, 0, {line: lineOf(0, 0, {})});
    return opened;
  };
  const close = () => {
    bar?.stop();
    bar = undefined;
    start = now();
  };
  return {
    update(epoch, step, values) {
      if (isStopped) return;
      bar ??= open();
      bar.update(step, {line: lineOf(epoch, step, values)});
    },
    epochEnd(epoch, values) {
      if (isStopped) return;
      bar ??= open();
      bar.update(stepsPerEpoch, {line: lineOf(epoch, stepsPerEpoch, values)});
      close();
    },
    stop() {
      isStopped = true;
      close();
    },
  };
}
