import { checkRowsOf } from './testing/checkRows.js';

checkRowsOf('scan');
