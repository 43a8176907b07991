import {describe, expect, it} from 'vitest';
import {encodeEvent} from '../../../plugin/node/event_message.js';

const hex = (event: Parameters<typeof encodeEvent>[0]) => encodeEvent(event).toString('hex');
// Field 1 as a double: 1.5 is 3ff8000000000000, its lowest byte first.
const time = '09000000000000f83f';

describe('encodeEvent', () => {
  it('writes the version as field 3', () => {
    expect(hex({wallTime: 1.5, fileVersion: 'brain.Event:2'})).toBe(
      `${time}1a0d${Buffer.from('brain.Event:2').toString('hex')}`,
    );
  });

  it('writes scalars as a summary, field 5, of tags, field 1, and float32 values, field 2', () => {
    // 1 in float32: 3f800000. The value of tag `a` is 0a 01 61 15 0000803f: 8 bytes; with its key and length 10.
    expect(hex({wallTime: 1.5, step: 3, scalars: {a: 1}})).toBe(`${time}10032a0a0a080a0161150000803f`);
    expect(hex({wallTime: 1.5, step: 3, scalars: {a: 1, b: 0}})).toBe(
      `${time}10032a140a080a0161150000803f0a080a01621500000000`,
    );
  });

  it.each([
    [0, ''],
    [1, '1001'],
    [127, '107f'],
    // 300 = 2 * 128 + 44.
    [300, '10ac02'],
    // 2^35 is a one after five groups of seven zeroes; 2^53 - 1 is 53 ones: seven groups and 4 bits.
    [2 ** 35, '10808080808001'],
    [2 ** 53 - 1, '10ffffffffffffff0f'],
  ])('writes the step %i as a varint, 0 as nothing', (step, expected) => {
    expect(hex({wallTime: 1.5, step})).toBe(time + expected);
  });

  it.each([
    [NaN, '0000c07f'],
    [Infinity, '0000807f'],
    [-Infinity, '000080ff'],
    [-0, '00000080'],
    // 0.1 in float32 is 3dcccccd.
    [0.1, 'cdcccc3d'],
  ])('writes the value %d as such', (value, expected) => {
    expect(hex({wallTime: 1.5, scalars: {a: value}})).toBe(`${time}2a0a0a080a016115${expected}`);
  });

  it('counts the bytes of a tag, not its letters', () => {
    // é is c3 a9: a tag of 2 bytes.
    expect(hex({wallTime: 1.5, scalars: {é: 0}})).toBe(`${time}2a0b0a090a02c3a91500000000`);
  });
});
