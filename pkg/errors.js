/** The one error class of the package. */

/** @import { CosaErrorCode } from './index.d.ts' */

/** An error whose `code` tells the cause to a program and whose `message` tells it to a person. */
export class CosaError extends Error {
  /**
   * @param {CosaErrorCode} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = 'CosaError';
    this.code = code;
  }
}

/**
 * The error of an option that cannot be used.
 * @param {string} name the option
 * @param {string} detail what is wrong with it
 */
export function invalidOption(name, detail) {
  return new CosaError('invalid_option', `option ${name}: ${detail}`);
}
