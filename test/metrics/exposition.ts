/** A strict reader of the text format 0.0.4; https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */

export interface ReadMetric {
  readonly type: string;
  readonly help: string;
  readonly samples: { readonly labels: Record<string, string>; readonly value: number }[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`);
const VALUE = /^(?:NaN|[+-]Inf|[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)$/;
/** What `promtool check metrics` asks of names. */
const UNITS = /_(milliseconds|ms|minutes|hours|days|kilobytes|megabytes|mb|kb|percent)(_|$)/;

/** @throws {Error} that names the line that breaks the grammar, a convention, or the rules on order and repetition */
export function readExposition(text: string): ReadonlyMap<string, ReadMetric> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const metrics = new Map<string, ReadMetric>();
  const seen = new Set<string>();
  let help: [name: string, text: string] | undefined;
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const helpLine = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\\\n]|\\\\[\\\\n])+)$`).exec(line);
    if (helpLine) {
      if (metrics.has(helpLine[1]!)) fail('a metric comes twice, or in two places');
      if (help) fail('HELP without TYPE before');
      help = [helpLine[1]!, helpLine[2]!];
      continue;
    }
    const typeLine = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`).exec(line);
    if (typeLine) {
      const [, name = '', type = ''] = typeLine;
      if (help?.[0] !== name) fail('TYPE does not follow the HELP of its metric');
      if ((type === 'counter') !== name.endsWith('_total')) fail('counters, and only they, end in _total');
      if (UNITS.test(name)) fail('not a base unit');
      metrics.set(name, { type, help: help![1], samples: [] });
      [current, help] = [name, undefined];
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (!sample) return fail('not of the grammar');
    const [, name = '', pairs = '', value = ''] = sample;
    if (name !== current) fail('a sample away from its metric');
    if (!VALUE.test(value)) fail('not a number');
    if (seen.has(`${name}{${pairs}}`)) fail('a sample comes twice');
    seen.add(`${name}{${pairs}}`);
    const labels: Record<string, string> = {};
    for (const [, key, text] of pairs.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
      if (Object.hasOwn(labels, key!) || key!.startsWith('__')) fail('a label comes twice, or is reserved');
      labels[key!] = text!.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    }
    const number = Number(value.replace('Inf', 'Infinity'));
    const { type, samples } = metrics.get(name)!;
    if (type === 'counter' && !(number >= 0)) fail('a counter below nothing');
    samples.push({ labels, value: number });
  }
  for (const [name, { samples }] of metrics)
    if (samples.length === 0) throw new Error(`${name} has no sample`);
  return metrics;
}
