/** What becomes of moments that were missed, and of those that come too early, in words. */

export const CATCH_UP = {
  skip: "missed moments are left out",
  one: "missed moments are made up for once",
  all: "every missed moment is made up for",
} as const;
export const OVERLAP = {
  allow: "starts beside one that still runs",
  skip: "is left out while one runs",
  wait: "waits for the one that runs",
  cancel: "cancels the one that runs",
} as const;
