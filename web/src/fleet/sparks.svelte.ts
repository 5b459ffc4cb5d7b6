// The one store of sparklines, emptied whenever the hub sends a new snapshot.

import { fleet, session } from '../live/session.svelte';
import { Sparks } from '../live/sparks';

export const sparks = new Sparks(fleet, () => session.hubNow());

$effect.root(() => {
  $effect(() => {
    void session.epoch;
    sparks.clear();
  });
});
