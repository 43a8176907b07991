/** Progress for people: one line per finished stage, a moving line on a terminal, a rare one in a log. */
const LOG_EVERY_MS = 5000;

export const megabytes = bytes => `${Math.round(bytes / 1e6)} MB`;
const seconds = ms => `${(ms / 1000).toFixed(1)} s`;

export function createReport(out = process.stdout, prefix = '[native]') {
  const line = text => out.write(`${prefix} ${text}\n`);
  // run() gets a function that it may call with text such as '45 of 207 MB'.
  async function stage(title, run) {
    const began = Date.now();
    let lastLog = began;
    line(`${title} ...`);
    const moving = text => {
      if (out.isTTY) out.write(`\r\x1b[K${prefix} ${title}: ${text}`);
      else if (Date.now() - lastLog >= LOG_EVERY_MS) {
        lastLog = Date.now();
        line(`${title}: ${text}`);
      }
    };
    try {
      const result = await run(moving);
      if (out.isTTY) out.write('\r\x1b[K');
      line(`${title}: done in ${seconds(Date.now() - began)}`);
      return result;
    } catch (error) {
      if (out.isTTY) out.write('\r\x1b[K');
      throw error;
    }
  }
  return {line, stage};
}
