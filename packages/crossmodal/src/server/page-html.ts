/** The page; everything on it is made by its script. */
export const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Crossmodal search</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="page.css" />
  </head>
  <body>
    <div id="app"></div>
    <script type="module" src="page.js"></script>
  </body>
</html>
`;

export const style = `
:root {
  color-scheme: light dark;
  --back: #ffffff; --front: #1b1f24; --soft: #57606a; --line: #d0d7de; --panel: #f6f8fa; --main: #0a58ca; --on-main: #ffffff; --error: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root { --back: #0f1216; --front: #e6edf3; --soft: #9aa5b1; --line: #30363d; --panel: #181d23; --main: #79b0ff; --on-main: #0b1a2e; --error: #ff9b93; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--front); font: 16px/1.4 system-ui, sans-serif; }
.page { max-width: 1200px; min-height: 100vh; margin: 0 auto; padding: 16px; }
.page.over { outline: 3px dashed var(--main); outline-offset: -8px; }
h1 { margin: 0 0 12px; font-size: 1.3rem; }
form { display: flex; flex-wrap: wrap; gap: 8px; }
input[type=search] { flex: 1 1 240px; min-width: 0; padding: 10px 12px; font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
button, .button { padding: 10px 14px; font: inherit; color: var(--front); background: var(--panel); border: 1px solid var(--line); border-radius: 8px; cursor: pointer; }
button.main { color: var(--on-main); background: var(--main); border-color: var(--main); }
:focus-visible, .hidden:focus-visible + .button, .button:focus-within { outline: 3px solid var(--main); outline-offset: 2px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.filters { display: flex; flex-wrap: wrap; gap: 16px; margin: 12px 0 0; }
select { margin-left: 6px; padding: 6px; font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; max-width: 70vw; }
.status { min-height: 1.4em; margin: 12px 0; color: var(--soft); overflow-wrap: anywhere; }
.status.error { color: var(--error); }
.answers { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px; margin: 0; padding: 0; list-style: none; }
.card { display: flex; flex-direction: column; gap: 6px; height: 100%; padding: 10px; background: var(--panel); border: 1px solid var(--line); border-radius: 10px; content-visibility: auto; contain-intrinsic-size: 170px 260px; }
.card img { display: block; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; border-radius: 6px; background: #ffffff; }
.card audio { width: 100%; }
.card p { margin: 0; }
.text { overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; font-size: 0.9rem; }
.facts { display: flex; flex-wrap: wrap; gap: 8px; margin-top: auto; color: var(--soft); font-size: 0.8rem; }
.card button { padding: 6px; font-size: 0.85rem; background: var(--back); }
.more { display: block; margin: 20px auto; }
main[aria-busy=true] .answers { opacity: 0.6; }
@media (max-width: 480px) {
  .answers { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; }
  form > :not(input) { flex: 1 1 auto; text-align: center; }
}
@media (prefers-reduced-motion: no-preference) { .answers { transition: opacity 0.15s; } }
`;
