/** The job of `npm start`: an MLP on the 60,000 digits of MNIST. See mnist/main.ts. */

import { main } from './mnist/main.js';

process.exitCode = await main(process.argv.slice(2), {
  out: (line) => console.log(line),
  error: (line) => console.error(line),
  terminal: process.stdout.isTTY === true,
});
