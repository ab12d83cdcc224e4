import { perf } from './perf.js';

await perf({
  rows: process.argv[2]?.split(''),
  engines: process.argv[3]?.split(',') as never,
  rounds: Number(process.argv[4] ?? 3),
  python: '/tmp/peers/venv/bin/python',
  write: (l) => console.log(l),
});
