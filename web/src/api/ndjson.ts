// Parse newline-delimited JSON from a stream.

/** Split streamed text into lines, and hold back the last one until it is complete. */
export class LineSplitter {
  private rest = '';

  push(text: string): string[] {
    const parts = (this.rest + text).split('\n');
    this.rest = parts.pop()!;
    return parts.filter(Boolean);
  }
}
