import {figureOf, minimumFigureOf, type Figure, type RobustnessReport} from '../../src/evaluation/figure.js';

/** A report of 4 examples as no net gave it; `isFlagged`: with three reasons at three figures. */
export function smallReport(isFlagged: boolean): RobustnessReport {
  const none = [false, false, false, false];
  const figure = (id: string, kind: Figure['kind'], beaten: number, rest: object = {}): Figure => {
    const [name, epsilon] = id.split('@');
    const what = {id, name, kind, ...(kind !== 'noise' && {epsilon: Number(epsilon)}), ...rest};
    return figureOf(what, {success: none.map((_, i) => i < beaten), broken: none});
  };
  const unreliable = (of: Figure, ...reasons: string[]): Figure =>
    isFlagged ? {...of, reliable: false, reasons} : of;
  const clean = figureOf({id: 'clean', name: 'clean', kind: 'clean'}, {success: none, broken: none});
  const found = {success: [true, true, false, false], broken: none, distance: [0.05, 0.1, 9, 9]};
  return {
    ...{norm: 'linf', bounds: [0, 1], epsilons: [0.1, 0.2], examples: 4, classes: 4, clean},
    attacks: [
      unreliable(figure('pgd-ce@0.1', 'iterative', 0), 'its gradients are 0', 'one step is stronger'),
      unreliable(figure('pgd-ce@0.2', 'iterative', 1), 'its gradients are 0'),
      figure('square@0.1', 'blackBox', 1),
      figure('square@0.2', 'blackBox', 2),
    ],
    transfer: [figure('twin@0.1', 'transfer', 0), figure('twin@0.2', 'transfer', 2)],
    noise: [figure('gaussian noise@0.3', 'noise', 1, {sigma: 0.3})],
    minimum: [minimumFigureOf('deepFool', clean, found)],
    worstCase: [
      figure('worst case@0.1', 'worstCase', 2),
      unreliable(figure('worst case@0.2', 'worstCase', 3), 'square beats it'),
    ],
    checks: ['zeroGradients'],
    flags: isFlagged
      ? [{id: 'zeroGradients', figure: 'pgd-ce@0.1', reason: 'its gradients are 0', value: 1, bound: 0.002}]
      : [],
  };
}
