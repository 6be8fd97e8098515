/** `npm run bench [PART…]`: figures, beside a peer where there is one. Exits 0 whatever they are: read the table. */
import { appliance } from './appliance/appliance.js';
import { cloud } from './cloud/cloud.js';
import { crossing } from './crossing.js';
import { functions } from './functions/functions.js';
import { mqttRows } from './mqtt/main.js';
import { shadows } from './shadow/shadow.js';
import { printRows, type Row } from './support/figures.js';
import { table } from './table/table.js';

const PARTS: Readonly<
  Record<string, { readonly title: string; readonly run: () => Promise<readonly Row[]> }>
> = {
  crossing: { title: 'The crossing, end to end (peer: mosquitto, raw echo)', run: crossing },
  mqtt: { title: 'The message manager (peer: mosquitto)', run: mqtt },
  table: { title: 'The subscription table (peer: mosquitto, which has none)', run: table },
  functions: { title: 'Functions and a full group', run: functions },
  cloud: { title: 'What leaves the site (on loopback, over AWS’s SDK)', run: cloud },
  shadow: { title: 'The shadow service (peer: a broker echo)', run: shadows },
  appliance: { title: 'An appliance: units that run for years', run: appliance },
};

async function mqtt(): Promise<readonly Row[]> {
  const rows = await mqttRows();
  return rows.map(({ what, unit, greenlight, mosquitto, target, met }) => ({
    what,
    ours: `${greenlight.toFixed(greenlight < 100 ? 1 : 0)} ${unit}`,
    ...(mosquitto !== undefined && {
      peer: `${mosquitto.toFixed(mosquitto < 100 ? 1 : 0)} ${unit}`,
      ratio: (greenlight / mosquitto).toFixed(2),
    }),
    ...(target !== '' && { target, ...(met !== undefined && { met }) }),
  }));
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are: ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
for (const [name, { title, run }] of Object.entries(PARTS)) {
  if (wanted.length === 0 || wanted.includes(name)) printRows(title, await run());
}
process.exit(0);
