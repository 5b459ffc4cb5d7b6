// Whether the dialog that lets a device in is open.

class Adding {
  open = $state(false);
}

export const adding = new Adding();
