// Counts changes of the areas on this page, so that other cards on it read them again.

export const areaChanges = $state({ count: 0 });
