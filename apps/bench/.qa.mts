import { useDevice } from '@crossmodal/core/device';
import { runQuestionAnswering } from './src/entries/question-answering/index.js';
const device = await useDevice('cpu');
const [seed, steps, shuffle] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4] === 'shuffle'];
const t = performance.now();
const outcome = await runQuestionAnswering({ preset: 'quick', seed, shuffle, device, dataFolder: '/work/shared/data',
  follow: (label: string) => ({ label, progress: false, callbacks: [{ name: 'p', onValidation: (r: any) => { console.log(((performance.now() - t) / 1000).toFixed(0), 's', r.step, JSON.stringify(r.metrics), 'cpu', JSON.stringify(process.cpuUsage())); return undefined; } }] }) } as any,
  { size: 32, channels: [8, 16, 32, 64], dimension: 64, blocks: 1, steps, batchSize: 128, limit: Infinity });
console.log(JSON.stringify(outcome.rows), JSON.stringify(outcome.facts), ((performance.now() - t) / 1000).toFixed(0), process.cpuUsage());
