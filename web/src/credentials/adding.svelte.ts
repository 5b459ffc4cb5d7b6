// Whether the dialog to add a device is open.

class Adding {
  open = $state(false);
}

export const adding = new Adding();
