/** The schedule is written down for a search of so many queries, and stretched or shrunk for others. */
const REFERENCE = 10_000;

/** After each of these queries of the reference the squares' area is halved (Andriushchenko et al. 2020, section 5). */
const HALVED_AFTER = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/**
 * The share of the picture that a square of this query covers.
 *
 * @param query 0..queries-1.
 * @param pInit The share that the first ones cover.
 */
export function shareAt(query: number, queries: number, pInit: number): number {
  const place = Math.floor((query / queries) * REFERENCE);
  return pInit / 2 ** HALVED_AFTER.filter(limit => place > limit).length;
}
