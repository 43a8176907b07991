// Loaded by script tag after tfjs and the built UMD: what a page has.
describe('the UMD bundle in a page', () => {
  beforeAll(() => tf.ready());

  it('runs on webgl, not on the backend that tfjs falls back to in silence', () => {
    expect(tf.getBackend()).toBe('webgl');
  });

  it('makes the global largeMargin with LargeMarginModel', () => {
    expect(typeof largeMargin).toBe('object');
    expect(typeof largeMargin.LargeMarginModel).toBe('function');
  });
});
