import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {afterAll, describe, expect, it} from 'vitest';
import {BOUND, outcomeOf, type Outcome} from './compare.js';
import losses from './losses.json' with {type: 'json'};
import {exactCases} from './nets.js';
import {cellOf, readTable, saysTheSame} from './table.js';

/** `npm run exact-layers` writes the page anew; all else compares with it. */
const isUpdate = Boolean(process.env.LARGE_MARGIN_UPDATE);

/** Tests every layer on one engine, and that docs/exact_layers.md says what is found. */
export function testExactLayers(engine: string): void {
  describe(`layers in exact mode on ${engine}`, () => {
    const outcomes: Record<string, Outcome> = {};
    const stored = readTable(readFileSync('docs/exact_layers.md', 'utf8'));

    afterAll(() => {
      mkdirSync('build/exact_layers', {recursive: true});
      writeFileSync(`build/exact_layers/${engine}.json`, JSON.stringify(outcomes, null, 1));
      const lines = Object.entries(outcomes).map(([name, outcome]) => `  ${name}: ${cellOf(outcome)}`);
      console.log(`exact layers on ${engine}\n${lines.join('\n')}`);
    });

    it('are the rows of the page', () => {
      if (!isUpdate) expect([...stored.keys()]).toEqual(exactCases.map(({name}) => name));
    });

    it.each(exactCases)('$name', async exactCase => {
      const {name} = exactCase;
      const outcome = await outcomeOf(exactCase);
      outcomes[name] = outcome;
      const isSource = isUpdate && engine === 'native';
      expectSound(outcome, isSource ? undefined : (losses as Record<string, number>)[name]);
      if (isUpdate) return;
      const cell = stored.get(name)?.[engine];
      expect(saysTheSame(cell ?? '', cellOf(outcome)), `stored: ${cell}, found: ${cellOf(outcome)}`).toBe(
        true,
      );
    });
  });
}

function expectSound(outcome: Outcome, loss: number | undefined): void {
  expect(outcome.left).toBe(0);
  if (outcome.state === 'compared') {
    expect(outcome.error).toBeLessThan(BOUND);
    expect(outcome.trained.every(Number.isFinite)).toBe(true);
    if (loss !== undefined) expect(Math.abs(outcome.loss - loss) / loss).toBeLessThan(1e-4);
    return;
  }
  expect(outcome.isMoved).toBe(false);
}
