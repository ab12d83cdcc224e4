/** A row of a table in Markdown. */
export function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
