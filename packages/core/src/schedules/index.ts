export { type Plateau, type PlateauOptions, type PlateauState, plateau } from './plateau.js';
export { type Schedule, scheduledScalar } from './schedule.js';
export {
  constant,
  cosine,
  cosineRestarts,
  dannAnnealing,
  exponentialDecay,
  inverseSquareRoot,
  linearWarmup,
  milestones,
  oneCycle,
  polynomial,
  stepDecay,
} from './schedules.js';
