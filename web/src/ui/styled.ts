// Styles that depend on data. The security policy forbids style attributes, but not changes by script.

/** Return an attachment that sets CSS properties of an element. */
export const styled =
  (properties: Record<string, string>) =>
  (element: HTMLElement): void => {
    for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
  };
