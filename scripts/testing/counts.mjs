/** What a suite returns: numbers and the reasons worth a line. */
export const counts = (passed, failed, skipped, notes = []) => ({passed, failed, skipped, notes});

/** A suite that could not run here: one skipped, with the reason. */
export const skipped = reason => counts(0, 0, 1, [`skipped: ${reason}`]);

/** A suite that broke before it could count: one failed, with the reason. */
export const broken = reason => counts(0, 1, 0, [`failed: ${reason}`]);

/** Nobody is told "passed" by a run that executed nothing, or by one whose exit code says otherwise. */
export function trustworthy(result, code) {
  const {passed, failed, skipped, notes} = result;
  if (failed > 0) return result;
  if (code !== 0) return counts(passed, 1, skipped, [...notes, `failed: the runner ended with code ${code}`]);
  if (passed + skipped === 0) return counts(0, 1, 0, [...notes, 'failed: the suite ran no test']);
  return result;
}

export const add = (a, b) =>
  counts(a.passed + b.passed, a.failed + b.failed, a.skipped + b.skipped, [...a.notes, ...b.notes]);

export const show = ({passed, failed, skipped}) => `${passed} passed, ${failed} failed, ${skipped} skipped`;
