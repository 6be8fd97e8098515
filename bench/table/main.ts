import { printRows } from '../support/figures.js';
import { table } from './table.js';

printRows('The subscription table', await table());
