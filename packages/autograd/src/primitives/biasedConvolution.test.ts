import { checkRowsOf } from './testing/checkRows.js';

checkRowsOf('biasedConvolution');
