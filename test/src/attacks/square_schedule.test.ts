import {describe, expect, it} from 'vitest';
import {shareAt} from '../../../src/attacks/square_schedule.js';

describe('shareAt', () => {
  // Of 10,000 queries: halved after the 10th, 50th, 200th, 500th, 1000th, 2000th, 4000th, 6000th and 8000th.
  it.each([
    [0, 0.8],
    [10, 0.8],
    [11, 0.4],
    [50, 0.4],
    [51, 0.2],
    [200, 0.2],
    [201, 0.1],
    [500, 0.1],
    [501, 0.05],
    [1000, 0.05],
    [1001, 0.025],
    [2001, 0.0125],
    [4001, 0.00625],
    [6001, 0.003125],
    [8000, 0.003125],
    [8001, 0.0015625],
    [9999, 0.0015625],
  ])('is at query %i of 10,000 what the reference says: %d', (query, share) => {
    expect(shareAt(query, 10_000, 0.8)).toBe(share);
  });

  it('scales the limits to the number of queries', () => {
    // Query 6 of 5000 is the 12th of 10,000, query 5 the 10th; query 1 of 100 is the 100th.
    expect([5, 6].map(query => shareAt(query, 5000, 0.8))).toEqual([0.8, 0.4]);
    expect([0, 1, 99].map(query => shareAt(query, 100, 0.8))).toEqual([0.8, 0.2, 0.8 / 512]);
  });

  it('is a share of pInit', () => {
    expect(shareAt(300, 10_000, 0.4)).toBe(0.05);
  });
});
