/** The style sheet of the report: light and dark by the reader's setting, always light on paper. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1d1f23; --soft: #5d636d; --faint: #8d939c; --line: #e4e2dc; --track: #eeece6;
  --accent: #0b6e66; --accent-soft: #d5ebe7; --good: #1f7a3d; --tile: #ffffff; --tile-line: #e9e7e1;
  --s1: #0b6e66; --s2: #c2571a; --s3: #4c5fb3; --s4: #a8368f; --s5: #7b7a1e; --s6: #6b7280;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --card: #1c1f23; --ink: #e8e6e1; --soft: #a9adb4; --faint: #7d828a; --line: #2e3238; --track: #2a2e33;
    --accent: #4fbfb3; --accent-soft: #1d3b38; --good: #6fcf8b; --tile: #f4f2ed; --tile-line: #f4f2ed;
    --s1: #4fbfb3; --s2: #f0945a; --s3: #95a6f2; --s4: #e08bd0; --s5: #cfcd6a; --s6: #a0a6af;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 70rem; margin: 0 auto; padding: 3.5rem 1.5rem 5rem; }
h1 { font-size: 2.1rem; line-height: 1.15; letter-spacing: -0.02em; font-weight: 650; margin: 0 0 0.5rem; }
h2 { font-size: 1.35rem; line-height: 1.25; letter-spacing: -0.01em; font-weight: 640; margin: 0; }
p { margin: 0.5rem 0 0; max-width: 46rem; }
.lede { font-size: 1.08rem; color: var(--soft); }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 0.15em; }
.eyebrow { font-size: 0.74rem; letter-spacing: 0.09em; text-transform: uppercase; color: var(--accent); font-weight: 650; margin-bottom: 0.25rem; }
.note { border-left: 3px solid var(--s2); padding: 0.4rem 0 0.4rem 0.9rem; margin-top: 1.2rem; }
dl.facts { display: flex; flex-wrap: wrap; gap: 0.4rem 2rem; margin: 1.4rem 0 0; font-size: 0.86rem; }
dl.facts div { display: flex; gap: 0.5rem; }
dl.facts dt { color: var(--faint); }
dl.facts dd { margin: 0; }
table.summary { width: 100%; border-collapse: collapse; margin-top: 2.2rem; font-size: 0.92rem; }
table.summary th { text-align: left; font-weight: 500; color: var(--faint); font-size: 0.8rem; padding: 0 0.8rem 0.4rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
table.summary td { padding: 0.42rem 0.8rem 0.42rem 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
table.summary .n { text-align: right; white-space: nowrap; }
table.summary td.value { font-weight: 650; }
table.summary tr.entry th { font-size: 0.92rem; font-weight: 600; padding-top: 1.1rem; } table.summary tr.entry span { font-weight: 400; color: var(--faint); margin-left: 0.4rem; }
.key { display: flex; flex-wrap: wrap; gap: 0.3rem 1.3rem; margin-top: 0.7rem; font-size: 0.8rem; color: var(--soft); }
.key svg { vertical-align: -0.15em; margin-right: 0.35rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.7rem 1.8rem 1.9rem; margin-top: 2rem; }
.headline { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 0.9rem 1.6rem; margin: 1.2rem 0 0.4rem; }
.headline .big { font-size: 1.9rem; font-weight: 650; letter-spacing: -0.02em; line-height: 1.15; display: block; }
.headline .what { font-size: 0.84rem; color: var(--soft); display: block; max-width: 15rem; }
.headline .beside { font-size: 0.8rem; color: var(--faint); display: block; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(23rem, 100%), 1fr)); gap: 1.8rem 2.2rem; margin-top: 1.5rem; }
figure { margin: 0; min-width: 0; }
figure.wide { grid-column: 1 / -1; }
figcaption { font-size: 0.86rem; color: var(--soft); margin-bottom: 0.6rem; max-width: 46rem; }
figcaption b { color: var(--ink); font-weight: 620; margin-right: 0.3rem; }
svg { display: block; width: 100%; height: auto; max-width: 34rem; }
svg.standing { width: 132px; height: 18px; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .tick { fill: var(--faint); font-size: 10.5px; }
svg .grid { stroke: var(--line); } svg .axis { stroke: var(--faint); }
svg .reference { stroke: var(--soft); stroke-dasharray: 3 4; }
svg .line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
svg .point { fill: currentColor; }
svg .dots circle { fill: currentColor; fill-opacity: 0.62; }
.standing .rail { stroke: var(--track); stroke-width: 4; stroke-linecap: round; } .standing .gain { stroke: var(--accent); stroke-width: 4; stroke-linecap: round; opacity: 0.35; }
.standing .chance { stroke: var(--faint); stroke-width: 1.6; } .standing .untrained { fill: var(--card); stroke: var(--soft); stroke-width: 1.6; }
.standing .published { fill: var(--s2); } .standing .value { fill: var(--accent); }
.s1 { color: var(--s1); } .s2 { color: var(--s2); } .s3 { color: var(--s3); } .s4 { color: var(--s4); } .s5 { color: var(--s5); } .s6 { color: var(--s6); }
.legend { display: flex; flex-wrap: wrap; gap: 0.15rem 1.1rem; font-size: 0.8rem; color: var(--soft); margin-top: 0.3rem; }
.legend i { display: inline-block; width: 0.7rem; height: 0.7rem; border-radius: 3px; background: currentColor; margin-right: 0.4rem; vertical-align: -0.06rem; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 0.45rem 0.9rem; align-items: center; font-size: 0.87rem; }
.bars .track { background: var(--track); border-radius: 5px; height: 0.95rem; overflow: hidden; }
.bars .track i { display: block; height: 100%; background: var(--faint); border-radius: 5px; } .bars .track i.strong { background: var(--accent); }
.bars .number { text-align: right; font-weight: 600; }
.scroll { overflow-x: auto; }
.tile { display: inline-flex; background: var(--tile); border: 1px solid var(--tile-line); border-radius: 9px; padding: 3px; }
.tile img { display: block; width: 54px; height: 54px; }
table.pictures .tile img { width: 64px; height: 64px; }
.own { display: flex; align-items: center; gap: 0.5rem; font-size: 0.78rem; color: var(--faint); } .own .tile img { width: 34px; height: 34px; }
.retrieval { display: grid; gap: 0.9rem; }
.query { display: grid; grid-template-columns: minmax(10rem, 15rem) 1fr; gap: 1rem; align-items: start; border-top: 1px solid var(--line); padding-top: 0.9rem; }
.asked { display: flex; flex-direction: column; align-items: flex-start; gap: 0.25rem; }
.asked .words { font-weight: 600; line-height: 1.3; } .asked .heard { color: var(--accent); font-style: normal; }
.asked .rank { font-size: 0.78rem; color: var(--faint); } .asked .rank.near { color: var(--good); }
.query ol { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.5rem; }
.query li { width: 5.6rem; font-size: 0.73rem; line-height: 1.25; color: var(--soft); text-align: center; overflow-wrap: anywhere; }
.query li .tile { border-width: 2px; } .query li .name { display: block; margin-top: 0.2rem; }
.query li.right .tile { border-color: var(--good); box-shadow: 0 0 0 2px color-mix(in srgb, var(--good) 25%, transparent); } .query li.right .name { color: var(--good); font-weight: 600; }
table.pictures { border-collapse: separate; border-spacing: 5px; margin: -5px; font-size: 0.8rem; }
table.pictures th { font-weight: 500; color: var(--soft); text-align: left; padding-right: 0.6rem; max-width: 13rem; line-height: 1.25; } table.pictures thead th { text-align: center; padding: 0; font-size: 0.75rem; }
table.confusion { border-collapse: separate; border-spacing: 2px; font-size: 0.74rem; }
table.confusion th { font-weight: 500; color: var(--soft); text-align: right; padding-right: 0.4rem; white-space: nowrap; }
table.confusion thead th { vertical-align: bottom; text-align: left; padding: 0 0 0.3rem; } table.confusion thead span { writing-mode: vertical-rl; transform: rotate(180deg); }
table.confusion td { width: 2rem; height: 1.75rem; text-align: center; border-radius: 4px; background: color-mix(in srgb, var(--s2) calc(var(--share) * 85%), var(--track)); }
table.confusion td.right { background: color-mix(in srgb, var(--accent) calc(var(--share) * 85%), var(--track)); }
footer { margin-top: 2.5rem; font-size: 0.83rem; color: var(--soft); }
footer p { max-width: none; }
@media (max-width: 44rem) { .query { grid-template-columns: 1fr; } main { padding-top: 2rem; } section { padding: 1.2rem; } }
@media (max-width: 34rem) {
  main { padding-left: 1rem; padding-right: 1rem; } table.summary { font-size: 0.85rem; } table.summary .where, .key .where { display: none; }
  table.summary th, table.summary td { padding-right: 0.5rem; } table.summary .n:nth-last-child(2) { padding-right: 0; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #1d1f23; --soft: #555b64; --faint: #80868f; --line: #dcdad4; --track: #eeece6; --accent: #0b6e66; --good: #1f7a3d; --tile: #fff; --tile-line: #e4e2dc;
    --s1: #0b6e66; --s2: #c2571a; --s3: #4c5fb3; --s4: #a8368f; --s5: #7b7a1e; --s6: #6b7280; }
  body { font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; } main { padding: 0; max-width: none; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 1rem 0; } figure, .query, tr { break-inside: avoid; }
}
`;
