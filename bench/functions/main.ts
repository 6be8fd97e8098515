import { printRows } from '../support/figures.js';
import { functions } from './functions.js';

printRows('Functions', await functions());
process.exit(0);
