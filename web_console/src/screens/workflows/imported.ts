/** Where the text of an imported file waits for the composer. */
export const IMPORTED = "howdah.imported-workflow";
