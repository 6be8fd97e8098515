import type { JsonObject } from '../../../hal/index.js';
import { EXIT } from '../exit.js';
import type { Register } from '../program.js';
import { instance, type StateOptions, withState } from '../state.js';
import { formatTable } from '../table.js';

interface Row {
  readonly source: string;
  readonly subject: string;
  readonly target: string;
  readonly origin: string;
}

/** `greenlight subscriptions` and `greenlight why`: the effective table, and what it says of one message. */
export const registerSubscriptions: Register = (program, { io, action }) => {
  withState(program.command('subscriptions'))
    .description('the effective subscription table, implied rows included')
    .option('--json', 'as JSON')
    .action(
      action(async (options: StateOptions & { json?: boolean }) => {
        const rows = (await instance(options, io).call('GET', '/subscriptions')) as unknown as readonly Row[];
        if (options.json) io.out(`${JSON.stringify(rows, null, 2)}\n`);
        else
          io.out(
            formatTable(
              ['SOURCE', 'SUBJECT', 'TARGET', 'ORIGIN'],
              rows.map((r) => [r.source, r.subject, r.target, r.origin]),
            ),
          );
        return undefined;
      }),
    );

  withState(program.command('why'))
    .description('why a message passes or not')
    .argument('<client>', 'a thing or function')
    .argument('<action>', 'publish or subscribe')
    .argument('<topic>', 'the topic, or filter')
    .option('--to <target>', 'who should receive what is published')
    .option('--json', 'as JSON')
    .action(
      action(
        async (
          client: string,
          verb: string,
          topic: string,
          options: StateOptions & { to?: string; json?: boolean },
        ) => {
          if (verb !== 'publish' && verb !== 'subscribe') {
            io.err(`greenlight: "${verb}" is no action; write publish or subscribe\n`);
            return EXIT.usage;
          }
          const query = new URLSearchParams({
            client,
            action: verb,
            topic,
            ...(options.to && { to: options.to }),
          });
          const answer = (await instance(options, io).call('GET', `/why?${query}`)) as JsonObject;
          io.out(options.json ? `${JSON.stringify(answer, null, 2)}\n` : `${String(answer.sentence)}\n`);
          return answer.passes === true ? EXIT.done : EXIT.no;
        },
      ),
    );
};
