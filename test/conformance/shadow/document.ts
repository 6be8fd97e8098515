import type { Result } from './check.js';

/** docs/conformance.md of the results; the same results make the same text. */
export function conformanceDocument(results: readonly Result[]): string {
  const protocols = Object.keys(results[0]?.failures ?? {});
  const failing = results.filter(({ failures }) =>
    Object.values(failures).some((cause) => cause !== undefined),
  );
  const lines = [
    '# Conformance of the shadow service',
    '',
    'Written by `npm run conformance`: each rule of the AWS IoT device shadow protocol is driven as a client would, over a',
    'real broker and a real disk, once over MQTT 3.1.1 and once over MQTT 5. Where AWS IoT and Greengrass differ, or no',
    'source says, [greengrass.md](greengrass.md) has what was chosen and why.',
    '',
    'Sources: *AWS IoT guide* is the AWS IoT Core developer guide (page), *AWS IoT API* the service model of the data plane,',
    '*AWS SDK* a client or its tests, *Shadow manager* the Greengrass V2 component of that name (class), *choice* ours.',
    '',
    `${results.length} rules, ${failing.length} failing.`,
  ];
  let section = '';
  results.forEach(({ row, failures }, index) => {
    if (row.section !== section) {
      section = row.section;
      lines.push('', `## ${section}`, '', `| # | rule | source | ${protocols.join(' | ')} |`);
      lines.push(`|---|---|---|${protocols.map(() => '---|').join('')}`);
    }
    const marks = protocols.map((protocol) => (failures[protocol] === undefined ? 'pass' : '**FAIL**'));
    lines.push(`| ${index + 1} | ${cell(row.rule)} | ${cell(row.source)} | ${marks.join(' | ')} |`);
  });
  return `${lines.join('\n')}\n`;
}

function cell(text: string): string {
  return text.replace(/[|\\<>*_[\]{}]/g, '\\$&');
}
