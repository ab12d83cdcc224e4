import type { Random } from '@crossmodal/core';

export type Point = readonly [x: number, y: number];

/** Where the nearest place of a shape is. */
export interface Place {
  /** Which part of the shape it belongs to, from 0. */
  part: number;
  distance: number;
}

/** A distribution in the plane: points on a shape, with Gaussian noise. */
export interface PlaneShape {
  readonly name: string;
  /** Of the noise, per coordinate. */
  readonly deviation: number;
  /** Parts with equally many points. */
  readonly parts: number;
  draw(random: Random): Point;
  nearest(point: Point): Place;
}

/** Parts that each curve is cut into. */
const arcs = 10;

/** Eight Gaussians on a circle of radius 1, deviation .01: the ring of Lin et al., PacGAN (2018), table 1. */
export const eightGaussians: PlaneShape = (() => {
  const centres = Array.from(
    { length: 8 },
    (_, i): Point => [Math.cos((i * Math.PI) / 4), Math.sin((i * Math.PI) / 4)],
  );
  const deviation = 0.01;
  return {
    name: 'eight Gaussians',
    deviation,
    parts: centres.length,
    draw: (random) => noisy(centres[random.integer(centres.length)]!, deviation, random),
    nearest: (point) => nearestOf(centres.map((centre) => Math.hypot(point[0] - centre[0], point[1] - centre[1]))),
  };
})();

/** Two half circles of radius 1 that grip each other, as scikit-learn's make_moons has them. */
export const twoMoons = curves('two moons', 0.05, [
  { centre: [0, 0], radius: 1, from: 0, to: Math.PI },
  { centre: [1, 0.5], radius: 1, from: Math.PI, to: 2 * Math.PI },
]);

/** Two circles around one point; the inner has as many points as the outer. */
export const twoRings = curves('two rings', 0.03, [
  { centre: [0, 0], radius: 1, from: 0, to: 2 * Math.PI },
  { centre: [0, 0], radius: 0.5, from: 0, to: 2 * Math.PI },
]);

interface Arc {
  centre: Point;
  radius: number;
  from: number;
  to: number;
}

/** Arcs of circles, each cut into parts of equal length. */
function curves(name: string, deviation: number, all: readonly Arc[]): PlaneShape {
  const at = ({ centre, radius }: Arc, angle: number): Point => [
    centre[0] + radius * Math.cos(angle),
    centre[1] + radius * Math.sin(angle),
  ];
  return {
    name,
    deviation,
    parts: arcs * all.length,
    draw(random) {
      const arc = all[random.integer(all.length)]!;
      return noisy(at(arc, arc.from + (arc.to - arc.from) * random.uniform()), deviation, random);
    },
    nearest(point) {
      const places = all.map((arc, index) => {
        const [x, y] = [point[0] - arc.centre[0], point[1] - arc.centre[1]];
        const turn = 2 * Math.PI;
        const angle = arc.from + ((((Math.atan2(y, x) - arc.from) % turn) + turn) % turn);
        // Beyond the ends of an arc the nearer end is nearest.
        const onto = angle <= arc.to ? angle : angle - arc.to < arc.from + turn - angle ? arc.to : arc.from;
        const end = at(arc, onto);
        const part = Math.min(arcs - 1, Math.floor((arcs * (onto - arc.from)) / (arc.to - arc.from)));
        return { part: index * arcs + part, distance: Math.hypot(point[0] - end[0], point[1] - end[1]) };
      });
      return places.reduce((best, each) => (each.distance < best.distance ? each : best));
    },
  };
}

function noisy([x, y]: Point, deviation: number, random: Random): Point {
  return [x + deviation * random.normal(), y + deviation * random.normal()];
}

function nearestOf(distances: readonly number[]): Place {
  const distance = Math.min(...distances);
  return { part: distances.indexOf(distance), distance };
}
