/** Of this package, as package.json says; a test compares them. Saved models tell which version wrote them. */
export const version = '0.0.0';
