// Show validation errors of a form as text below the field, instead of the browser's bubble. An attachment for
// a <form>: {@attach explainFields}.

import { T } from '../texts';

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
const NOTE = 'field-problem';
let notes = 0;

const isField = (target: EventTarget | null): target is Field =>
  target instanceof HTMLInputElement ||
  target instanceof HTMLTextAreaElement ||
  target instanceof HTMLSelectElement;

/** Treat spaces alone as missing. */
function checkBlank(field: Field): void {
  field.setCustomValidity(field.required && field.value && !field.value.trim() ? T.form.required : '');
}

function problemOf(field: Field): string {
  const { validity } = field;
  if (validity.valueMissing || validity.customError) return T.form.required;
  // The title explains what the pattern allows.
  if (validity.patternMismatch && field.title) return T.form.allowed(field.title);
  return field.validationMessage;
}

export function explainFields(form: HTMLFormElement): () => void {
  const listening = new AbortController();
  const options = { capture: true, signal: listening.signal };
  let focused = false;

  function clear(field: Field): void {
    const id = field.getAttribute('aria-describedby');
    if (id?.startsWith(NOTE)) document.getElementById(id)?.remove();
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }

  form.addEventListener(
    'invalid',
    (event) => {
      if (!isField(event.target)) return;
      event.preventDefault();
      const field = event.target;
      clear(field);
      const note = document.createElement('span');
      note.className = `problem ${NOTE}`;
      note.id = `${NOTE}-${notes++}`;
      note.role = 'alert';
      note.textContent = problemOf(field);
      // After the label: inside it, the text would become part of the field's accessible name.
      (field.closest('label') ?? field).after(note);
      field.setAttribute('aria-invalid', 'true');
      field.setAttribute('aria-describedby', note.id);
      // Focus the first invalid field, as the browser would do without preventDefault.
      if (!focused) field.focus();
      focused = true;
      queueMicrotask(() => (focused = false));
    },
    options,
  );
  form.addEventListener(
    'input',
    (event) => {
      if (!isField(event.target)) return;
      checkBlank(event.target);
      if (event.target.validity.valid) clear(event.target);
    },
    options,
  );
  return () => listening.abort();
}
